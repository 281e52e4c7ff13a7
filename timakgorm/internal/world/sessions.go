package world

import (
	"context"
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/timak-go/timak/timakgorm"
)

// OneConnection leaves a pool with a single connection: one that leaks is missed
// by the next statement.
func (w *World) OneConnection() {
	w.Helper()
	pool, err := w.DB.DB()
	w.Must(err)
	pool.SetMaxOpenConns(1)
}

// Session is a connection of a program that knows nothing of timak.
func (w *World) Session() *sql.Conn {
	w.Helper()
	conn, err := w.Stranger().Conn(w.Context())
	w.Must(err)
	w.Cleanup(func() { _ = conn.Close() })
	return conn
}

// Script runs scripts in a session.
func (w *World) Script(conn *sql.Conn, scripts ...string) {
	w.Helper()
	for _, script := range scripts {
		if _, err := conn.ExecContext(context.Background(), script); err != nil {
			w.Fatalf("%s: %v", script, err)
		}
	}
}

// Role makes a role of the server that has some rights on posts, for the time of
// the test.
func (w *World) Role(rights string) string {
	w.Helper()
	role := fmt.Sprintf("timak_writer_%d", time.Now().UnixNano())
	w.Must(w.DB.Exec("CREATE ROLE " + role + "; GRANT " + rights + " ON posts TO " + role).Error)
	w.Cleanup(func() { // DROP OWNED is about one database
		w.Must(OpenDSN(w.TB, "postgres", w.DSN, nil).Exec("REASSIGN OWNED BY " + role + " TO current_user; DROP OWNED BY " + role + "; DROP ROLE " + role).Error)
	})
	return role
}

// TriggerWorld is a world whose changes are captured by triggers.
func TriggerWorld(t testing.TB, s Setup) *World {
	t.Helper()
	if s.Options == nil {
		s.Options = &timakgorm.Options{}
	}
	s.Options.Capture = timakgorm.Triggers
	w := New(t, s)
	w.Must(w.Plugin.InstallTriggers(t.Context(), w.DB))
	return w
}

// Stranger is a connection of a program that knows nothing of timak.
func (w *World) Stranger() *sql.DB {
	w.Helper()
	db, err := OpenDSN(w.TB, w.Dialect, w.DSN, nil).DB()
	w.Must(err)
	return db
}

// AwaitBlocked waits until a session of the database, on Postgres, waits for a lock.
func (w *World) AwaitBlocked() {
	w.Helper()
	w.Await("a session to wait for a lock", func() bool {
		var waits int
		w.Must(w.DB.Raw("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()").Scan(&waits).Error)
		return waits > 0
	})
}
