"""The vocabulary of the made-up company: names, tags and the halves of descriptions."""


def _words(text: str) -> tuple[str, ...]:
    """Split a line of words."""
    return tuple(text.split())


QUALIFIERS = _words(
    "account adaptive annual atlantic baltic batch bulk buyer campaign central coastal "
    "contract courier customer daily delta digital direct domestic dynamic edge "
    "enterprise express family field fleet fresh global group guest harbour home "
    "internal live local loyal market member mobile monthly nightly nordic office "
    "online open outlet partner pilot premium priority private public regional retail "
    "seasonal seller shared social staff store supplier trade travel trusted vendor"
)

SUBJECTS = _words(
    "order payment basket search catalog price stock shipping invoice login profile "
    "message review return coupon refund address tax ledger payout fraud image video "
    "translation currency delivery route warehouse parcel label carrier slot calendar "
    "booking ticket contract document signature consent audit report metric event "
    "session permission token identity device location map weather forecast demand "
    "supply recommendation ranking experiment feature template email notification chat "
    "call survey feedback rating loyalty voucher wallet card bank settlement dispute "
    "claim policy quote lead campaign audience segment banner content article comment "
    "upload export import archive backup"
)

# The last word of a component's name, and the type it stands for.
COMPONENT_SUFFIXES = {
    "service": "service",
    "gateway": "service",
    "engine": "service",
    "adapter": "service",
    "registry": "service",
    "broker": "service",
    "resolver": "service",
    "planner": "service",
    "store": "service",
    "client": "library",
    "sdk": "library",
    "kit": "library",
    "worker": "worker",
    "consumer": "worker",
    "processor": "worker",
    "web": "website",
    "console": "website",
    "sync": "cronjob",
    "cleanup": "cronjob",
}

RESOURCE_SUFFIXES = {
    "cluster": "kubernetes-cluster",
    "db": "database",
    "replica": "database",
    "cache": "cache",
    "queue": "queue",
    "topic": "topic",
    "bucket": "bucket",
    "index": "search-index",
    "vendor": "external-service",
}

API_SUFFIXES = {"openapi": "api", "asyncapi": "events", "graphql": "graph", "grpc": "rpc"}

SYSTEM_SUFFIXES = ("platform", "suite", "flow", "core", "hub")

TEAM_SUFFIXES = ("team", "crew", "squad", "guild")

# Most used first: the generator reaches for the front far more often than for the back.
TAGS = _words(
    "java python go typescript kotlin postgres kafka kubernetes react customer-facing "
    "internal rest batch pii grpc redis data legacy pci graphql machine-learning "
    "event-driven mobile monorepo rust reporting search gdpr third-party scala "
    "elasticsearch seasonal terraform c++ dotnet compliance realtime edge pilot sox"
)

FIRST_NAMES = _words(
    "aaliyah abel adaeze agnes aiko alma amara amir anders anika anton arjun asha astrid "
    "ayla bela bianca bram camila carys chidi clara dalia dario deniz dmitri elif elias "
    "elin emeka esme farah felix fiona gareth gia goran hana hassan helga hugo ibrahim "
    "ines ingrid ivo jamal jana joao jonas kaito kamala karim katya kofi lars leila lena "
    "liam linh lucia magnus malik mara mateo mei milan mina nadia naoko nikos noor olga "
    "omar oscar paloma petra priya quentin rafael rania rosa sadia samir selma sofia sven "
    "tadeo tamsin tariq thandi tomas uma valentin vera wanjiru xiomara yara yusuf zeynep"
)

LAST_NAMES = _words(
    "abara achterberg adeyemi albrecht almeida andersson aydin bakker banerjee barreto "
    "bergstrom bianchi bishara boateng brandt castellano chaudhry chen costa danso "
    "delgado demir dubois eklund farouk ferrari fischer fofana gallagher ghosh grant "
    "gupta haddad hansen hashimoto hernandez horvath ibarra ishikawa ivanova jankowski "
    "jensen kamau kaplan khoury kimura kovacs kowalski kumar larsen lehtonen lindqvist "
    "lopez maalouf maher marino mbeki mensah mishra molnar moreau mwangi nakamura "
    "navarro ndiaye nguyen novak obi okafor oliveira osei ozturk park pereira petrov "
    "quinn rahman reyes rossi saito santos schmidt sharma silva soto suzuki svensson "
    "tanaka tran ueda varga vasquez vogel walsh wojcik yamada yilmaz zhang zielinski"
)

VERBS = ("Keeps", "Serves", "Collects", "Checks", "Prepares", "Routes", "Stores", "Publishes")

OBJECTS = ("data", "records", "requests", "changes", "rules", "settings", "history", "status")

TAILS = (
    "",
    "for every market",
    "for the support desk",
    "for other teams to build on",
    "so that buyers see them at once",
    "and tells the teams that asked to know",
    "on behalf of partners",
    "for the monthly report",
    "before anything is shown to a customer",
    "without touching what is already paid for",
)
