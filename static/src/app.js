import "htmx.org";
import { installCopyButtons } from "./js/copy.js";
import { installDialogs } from "./js/dialogs.js";
import { installGraphs } from "./js/graphs.js";
import { installKeys } from "./js/keys.js";
import { installPartial } from "./js/partial.js";
import { installThemeSwitch } from "./js/themes.js";
import { installTicking } from "./js/times.js";

installThemeSwitch();
installGraphs();
installKeys();
installDialogs();
installCopyButtons();
installPartial();
installTicking();
