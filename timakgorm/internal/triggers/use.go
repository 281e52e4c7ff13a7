package triggers

import (
	"database/sql"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/session"
)

// Watch knows the triggers that tracked tables should have, and checks that they have
// them. After Expect, all methods may be called from any number of goroutines.
type Watch struct {
	tables   *dialect.Tables
	sessions *session.Sessions
	opts     Options
	triggers map[string]*tableTriggers
}

// Options are the plugin's options that a watch needs.
type Options struct {
	Installed bool                                   // triggers should be there; false: they should not
	Models    func(*gorm.DB) ([]*model.Model, error) // the tracked models, with the names of a database
	DB        func() (*sql.DB, error)                // the pool; an error if the plugin is not in use
	Wake      func()                                 // wakes the relay; never waits
}

// New returns a watch of the tables ts. It expects no triggers before Expect is called.
func New(ts *dialect.Tables, sessions *session.Sessions, opts Options) *Watch {
	w := &Watch{tables: ts, sessions: sessions, opts: opts, triggers: map[string]*tableTriggers{}}
	for name := range ts.ByName {
		w.triggers[name] = &tableTriggers{triggerSet: triggerSet{table: name}}
	}
	return w
}

// Expect makes the watch expect the triggers of the tracked models.
func (w *Watch) Expect(db *gorm.DB) error {
	sets, err := w.sets(w.tables.Dialect, db)
	if err != nil {
		return err
	}
	for _, set := range sets {
		w.triggers[set.table].triggerSet = set
	}
	return nil
}
