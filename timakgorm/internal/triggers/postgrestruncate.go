package triggers

import (
	"fmt"
	"strings"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/sqltext"
)

// truncateCheck refuses a TRUNCATE of rows that its transaction cannot see.
const truncateCheck = `IF pg_catalog.current_setting('transaction_isolation') OPERATOR(pg_catalog.~) '^(repeatable|serializable)' THEN
		RAISE EXCEPTION 'timak: TRUNCATE of % removes rows that a transaction of this isolation level does not see', TG_TABLE_NAME
			USING HINT = 'Use DELETE, or a transaction that is READ COMMITTED.';
	END IF;
	`

// recordTruncated records the rows that TRUNCATE is about to remove.
func recordTruncated(m *model.Model) string {
	return truncateCheck + recordAll(m, "pg_catalog.row_to_json(d_image.*), NULL")
}

// recordRemaining records the rows that TRUNCATE has left.
func recordRemaining(m *model.Model) string {
	return recordAll(m, "NULL, pg_catalog.row_to_json(d_image.*)")
}

// recordAll records all rows of the table on which the trigger fired: the tracked one,
// or one below it.
func recordAll(m *model.Model, images string) string {
	before := insertRows + fmt.Sprintf("SELECT %s, %s, %s, $1 FROM ", sqltext.QuoteText(m.Table), postgresPK(m, dialect.Qualifies("d")), images)
	after := dialect.Joined("\n\tWHERE ", " d"+imageAs(m, "d"), dialect.Seen(m, "d"))
	return draw + "EXECUTE " + strings.Join([]string{
		strings.ReplaceAll(sqltext.QuoteText(before), timakMark, textMark), "TG_RELID::pg_catalog.regclass::pg_catalog.text", sqltext.QuoteText(after),
	}, " OPERATOR(pg_catalog.||) ") + " USING version"
}
