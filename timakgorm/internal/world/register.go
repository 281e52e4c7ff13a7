package world

import (
	"testing"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/memstore"
	"github.com/timak-go/timak/timakgorm"
)

// NewPlugin returns a plugin over a store in memory.
func NewPlugin(t *testing.T) *timakgorm.Plugin {
	t.Helper()
	plugin, err := timakgorm.New(timak.New(memstore.New(), nil), nil)
	if err != nil {
		t.Fatal(err)
	}
	return plugin
}

// Renamed is another model of the table of posts.
type Renamed Post

// TableName implements schema.Tabler.
func (Renamed) TableName() string { return "posts" }

// OtherDatabase is a dialector of a database that we do not know.
type OtherDatabase struct{ gorm.Dialector }

// Name implements gorm.Dialector: it is of no database that the plugin knows.
func (OtherDatabase) Name() string { return "mysql" }
