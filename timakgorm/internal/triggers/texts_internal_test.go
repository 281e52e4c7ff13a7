package triggers

import (
	"errors"
	"fmt"
	"testing"

	"github.com/glebarez/sqlite"
	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/session"
)

// otherDatabase is a dialector whose database is not supported.
type otherDatabase struct{ gorm.Dialector }

func (otherDatabase) Name() string { return "mysql" }

func watching(t *testing.T, dialector gorm.Dialector) (*Watch, *gorm.DB) {
	t.Helper()
	db, err := gorm.Open(dialector, &gorm.Config{})
	if err != nil {
		t.Fatal(err)
	}
	ts := &dialect.Tables{Dialect: dialect.SQLite}
	return New(ts, session.New(ts, session.Options{}), Options{Installed: true}), db
}

// Errors name the package once.
func TestInstall_otherDatabase(t *testing.T) {
	t.Parallel()
	w, db := watching(t, otherDatabase{sqlite.Open(":memory:")})
	const want = `timakgorm: database "mysql" is not supported: expected postgres or sqlite`
	for _, err := range []error{w.Install(t.Context(), db), w.Drop(t.Context(), db)} {
		if err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestCheckAgain_text(t *testing.T) {
	t.Parallel()
	w, db := watching(t, sqlite.Open(":memory:"))
	ran := db.Table("leaves")
	ran.InstanceSet(checkedSetting, w.sessions.Schema.Now())
	w.sessions.Schema.Change()()
	wrong := func(*gorm.DB) error {
		return fmt.Errorf("timakgorm: leaves: %w: trigger timak_insert is missing: call plugin.InstallTriggers", ErrWrong)
	}
	const want = "timakgorm: leaves: the table's triggers are not those of its rules: trigger timak_insert is missing: call plugin.InstallTriggers; " +
		"the write has taken place outside a transaction while the schema changed, and may not be recorded: call plugin.Rebuild"
	if err := w.checkAgain(ran, wrong); !errors.Is(err, ErrWrong) || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}
