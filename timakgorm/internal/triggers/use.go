package triggers

import (
	"database/sql"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/session"
)

// Watch is the triggers that tracked tables should have, and looks whether they have
// them. All methods may be called from any number of goroutines.
type Watch struct {
	tables   *dialect.Tables
	sessions *session.Sessions
	opts     Options
	triggers map[string]*tableTriggers
}

// Options are what a watch needs of the plugin.
type Options struct {
	Installed bool                                   // triggers capture changes: without, none should be there
	Models    func(*gorm.DB) ([]*model.Model, error) // the tracked models, named as in a database
	DB        func() (*sql.DB, error)                // the pool; an error if the plugin has none
	Wake      func()                                 // has the relay look at the outbox
}

// New returns a watch of tables in which no triggers should be.
func New(ts *dialect.Tables, sessions *session.Sessions, opts Options) *Watch {
	w := &Watch{tables: ts, sessions: sessions, opts: opts, triggers: map[string]*tableTriggers{}}
	for name := range ts.ByName {
		w.triggers[name] = &tableTriggers{triggerSet: triggerSet{table: name}}
	}
	return w
}

// Expect has the watch expect the triggers of the models.
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
