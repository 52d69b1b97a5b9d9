"""From records to PASS, FAIL, INCOMPLETE and ERROR, and every report of them."""
