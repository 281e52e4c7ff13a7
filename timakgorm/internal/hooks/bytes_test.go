package hooks_test

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// meta writes itself as bytes, as most JSON types do.
type meta struct {
	Size int `json:"size"`
}

func (m meta) Value() (driver.Value, error) { return json.Marshal(m) }

func (m *meta) Scan(value any) error {
	switch value := value.(type) {
	case []byte:
		return json.Unmarshal(value, m)
	case string:
		return json.Unmarshal([]byte(value), m)
	default:
		return fmt.Errorf("scan %T", value)
	}
}

// Sheet has a column of JSON and one of text that a rule names.
type Sheet struct {
	ID        uint
	Shelf     string
	Meta      meta `gorm:"type:json"`
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=shelf:{Shelf}; data=Meta"`
}

// TestCapture_bytes: what a type or another program writes as bytes into a
// column of JSON or text is taken as the text that it is.
func TestCapture_bytes(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		for _, by := range []timakgorm.Capture{timakgorm.Callbacks, timakgorm.Triggers} {
			w := world.NewBy(t, by, world.Setup{Dialect: dialect, Models: []any{&Sheet{}}, Tracked: []any{&Sheet{}}})
			sheet := Sheet{ID: 1, Shelf: "a", Meta: meta{1}, CreatedAt: world.At(1)}
			w.Must(w.DB.Create(&sheet).Error)
			w.WantIDs("shelf:a", "sheets:1")
			w.Must(w.DB.Model(&sheet).Update("meta", meta{2}).Error)
			w.Drain()
			w.WantDifferences()
			if dialect == "sqlite" {
				w.Must(w.DB.Model(&sheet).Update("shelf", gorm.Expr("CAST('b' AS blob)")).Error)
				w.WantIDs("shelf:a")
				w.WantIDs("shelf:b", "sheets:1")
			}
			w.Must(w.DB.Delete(&sheet).Error)
			w.WantIDs("shelf:a")
			w.WantIDs("shelf:b")
			w.WantDifferences()
		}
	})
}
