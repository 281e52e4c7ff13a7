package outbox_test

import (
	"testing"

	"github.com/glebarez/sqlite"
	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm/internal/outbox"
)

// otherDatabase is a dialector whose database is not supported.
type otherDatabase struct{ gorm.Dialector }

func (otherDatabase) Name() string { return "mysql" }

// An error names the package once.
func TestMigrate_otherDatabase(t *testing.T) {
	t.Parallel()
	db, err := gorm.Open(otherDatabase{sqlite.Open(":memory:")}, &gorm.Config{})
	if err != nil {
		t.Fatal(err)
	}
	const want = `timakgorm: database "mysql" is not supported: expected postgres or sqlite`
	for _, err := range []error{outbox.MigrateUp(t.Context(), db), outbox.MigrateDown(t.Context(), db)} {
		if err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
