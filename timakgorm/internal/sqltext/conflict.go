package sqltext

import "regexp"

// OnConflict is what a column or an index of SQLite may say in the table's
// schema: as INSERT and UPDATE OR REPLACE, or OR FAIL, do.
var OnConflict = regexp.MustCompile(`(?i)\bON\s+CONFLICT\s+(REPLACE|FAIL)\b`)
