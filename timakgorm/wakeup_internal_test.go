package timakgorm

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	driver "github.com/glebarez/sqlite"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/memstore"
	"github.com/timak-go/timak/timakgorm/internal/model"
)

// note is a row with a timeline; plain is one without.
type note struct {
	ID   uint
	Text string
	At   int64

	_ model.Timeline `timak:"key=notes; date=At"`
}

type plain struct {
	ID   uint
	Text string
}

// TestWakeUp: what commits changes wakes the relay, once the transaction is
// over and not before; nothing else does.
func TestWakeUp(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]gorm.Config{
		"default": {}, "prepared": {PrepareStmt: true}, "no default transaction": {SkipDefaultTransaction: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, p := openNotes(t, &config)
			woken := func() bool {
				select {
				case <-p.relay.Woken():
					return true
				default:
					return false
				}
			}
			asleep := func(err error) error {
				if err == nil && woken() {
					err = errors.New("woken before the commit")
				}
				return err
			}
			ended, cancel := context.WithCancel(t.Context())
			cancel()
			undo := errors.New("undo")
			add := func(db *gorm.DB) error { return db.Create(&note{}).Error }
			for _, step := range []struct {
				name string
				run  func() error
				want bool
			}{
				{"create", func() error { return add(db) }, true},
				{"update", func() error { return db.Model(&note{ID: 1}).Update("at", 5).Error }, true},
				{"update of no rule's", func() error { return db.Model(&note{ID: 1}).Update("text", "x").Error }, false},
				{"update of nobody", func() error { return db.Model(&note{ID: 100}).Update("at", 5).Error }, false},
				{"delete", func() error { return db.Delete(&note{ID: 1}).Error }, true},
				{"other table", func() error { return db.Create(&plain{}).Error }, false},
				{"read", func() error { return db.Find(&[]note{}).Error }, false},
				{"transaction", func() error {
					return db.Transaction(func(tx *gorm.DB) error { return asleep(add(tx)) })
				}, true},
				{"nested transaction", func() error {
					return db.Transaction(func(tx *gorm.DB) error { return asleep(tx.Transaction(add)) })
				}, true},
				{"manual transaction", func() error {
					tx := db.Begin()
					return errors.Join(asleep(add(tx)), tx.Commit().Error)
				}, true},
				{"prepared session", func() error { return add(db.Session(&gorm.Session{PrepareStmt: true})) }, true},
				{"rolled back", func() error {
					err := db.Transaction(func(tx *gorm.DB) error { return errors.Join(add(tx), undo) })
					if !errors.Is(err, undo) {
						return err
					}
					return nil
				}, false},
				{"ended context", func() error {
					if add(db.WithContext(ended)) == nil {
						return errors.New("written")
					}
					return nil
				}, false},
			} {
				if err := step.run(); err != nil {
					t.Errorf("%s: %v", step.name, err)
				}
				if got := woken(); got != step.want {
					t.Errorf("%s: woken %t, want %t", step.name, got, step.want)
				}
			}
		})
	}
}

// openNotes opens a database whose notes a plugin follows.
func openNotes(t *testing.T, config *gorm.Config) (*gorm.DB, *Plugin) {
	t.Helper()
	config.Logger = logger.Discard
	path := filepath.Join(t.TempDir(), "test.db")
	db, err := gorm.Open(driver.Open(path+"?_pragma=busy_timeout(10000)&_txlock=immediate"), config)
	if err != nil {
		t.Fatal(err)
	}
	p, err := New(timak.New(memstore.New(), nil), nil)
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(db.AutoMigrate(&note{}, &plain{}), Migrate(t.Context(), db), p.Register(&note{}), db.Use(p))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if plain, err := db.DB(); err == nil {
			_ = plain.Close()
		}
	})
	return db, p
}
