"""What Backstage's API takes and gives: filters, predicates, fields, orders, errors."""
