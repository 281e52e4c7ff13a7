package outbox

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// ErrNoSpare is returned by Spare.
var ErrNoSpare = errors.New("the pool has no connection beside the one that Run keeps: give it more, such as pool_max_conns=4")

// sparePatience is long for a busy pool, and for a new connection, and short for writers
// that wait for the only one.
const sparePatience = 5 * time.Second

// Spare returns ErrNoSpare if no connection becomes free: who keeps one would leave none to
// the application. A pool beneath database/sql may have such a limit, of which
// database/sql does not know.
func Spare(ctx context.Context, db *sql.DB) error {
	patient, cancel := context.WithTimeout(ctx, sparePatience)
	defer cancel()
	conn, err := db.Conn(patient)
	switch {
	case err == nil:
		return conn.Close()
	case ctx.Err() == nil && patient.Err() != nil:
		return ErrNoSpare
	default:
		return err
	}
}
