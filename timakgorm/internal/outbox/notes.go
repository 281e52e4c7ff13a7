package outbox

import (
	"context"
	"fmt"

	"github.com/timak-go/timak/timakgorm/internal/model"
)

// Channel is that of NOTIFY, by which programs on Postgres tell each other which timelines
// they have written.
const Channel = "timak_timelines"

// sendNotes is an expression of Postgres that sends the notes in a JSON array, its
// parameter.
const sendNotes = "(SELECT count(pg_notify('" + Channel + "', note)) FROM json_array_elements_text(CAST(CAST($1 AS text) AS json)) note)"

func notesArgs(notes []string) ([]any, error) {
	text, err := model.JSON(notes)
	return []any{string(text)}, err
}

// Notify sends notes at once to the programs that listen on Channel, on Postgres. On SQLite
// it writes the file, for programs that look whether it has changed.
func (o *Outbox) Notify(ctx context.Context, notes []string) error {
	statement, args, err := "UPDATE timak_clock SET high = high", []any(nil), error(nil)
	if o.dialect.Lock {
		if len(notes) == 0 {
			return nil
		}
		statement = "SELECT " + sendNotes
		args, err = notesArgs(notes)
	}
	if err == nil {
		_, err = o.DB.ExecContext(ctx, statement, args...)
	}
	if err != nil {
		return fmt.Errorf("timakgorm: notify: %w", err)
	}
	return nil
}
