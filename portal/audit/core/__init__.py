"""The seals of the trail, what an act changed, and which acts somebody asks for."""
