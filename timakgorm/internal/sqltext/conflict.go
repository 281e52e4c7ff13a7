package sqltext

import "regexp"

// OnConflict matches the conflict clause that makes a column or an index of
// SQLite behave as INSERT and UPDATE OR REPLACE, or OR FAIL, do. It is in the
// table's schema.
var OnConflict = regexp.MustCompile(`(?i)\bON\s+CONFLICT\s+(REPLACE|FAIL)\b`)
