import htmx from "htmx.org";
import { installBrowse } from "./js/browse.js";
import { installCopyButtons } from "./js/copy.js";
import { installDialogs } from "./js/dialogs.js";
import { followEarlyInput } from "./js/early.js";
import { installGraphs } from "./js/graphs.js";
import { installKeys } from "./js/keys.js";
import { installOffers } from "./js/offers.js";
import { installPartial } from "./js/partial.js";
import { installSuggestions } from "./js/suggestions.js";
import { installThemeSwitch } from "./js/themes.js";
import { installTicking } from "./js/times.js";

installThemeSwitch();
installGraphs();
installSuggestions();
installKeys();
installDialogs();
installBrowse();
installCopyButtons();
installOffers();
installPartial();
installTicking();
// By itself htmx would begin a moment later, and what happens in that moment would be lost.
htmx.initialize();
followEarlyInput();
