"""What the demo company declares beside what every catalog knows."""

from portal.catalog.core.own_fields import (
    ANNOTATION,
    CHOICE,
    DATE,
    SPEC,
    TEXT,
    Choice,
    OwnField,
    Required,
)

FIELDS = (
    OwnField(
        key="data_classification",
        title="Data classification",
        help="The most sensitive data it holds or passes on.",
        type=CHOICE,
        location=ANNOTATION,
        path="larkmoor.example.com/data-classification",
        choices=(
            Choice("public", "Public"),
            Choice("internal", "Internal"),
            Choice("confidential", "Confidential"),
            Choice("restricted", "Restricted"),
        ),
        kinds=("component", "resource"),
        required=Required(classes=("service", "worker"), tiers=(0, 1)),
        is_column=True,
    ),
    OwnField(
        key="cost_centre",
        title="Cost centre",
        help="Who pays for it; ask finance for the number.",
        type=TEXT,
        location=SPEC,
        path="costCentre",
        kinds=("system",),
        required=Required(),
    ),
    OwnField(
        key="recovery_tested",
        title="Recovery last tested",
        help="The day it was last restored from a backup, for practice.",
        type=DATE,
        location=ANNOTATION,
        path="larkmoor.example.com/recovery-tested",
        kinds=("component",),
        is_facet=False,
    ),
)
