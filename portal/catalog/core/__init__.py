"""What a catalog entity is: fields, kinds, references, relations and what they mean."""
