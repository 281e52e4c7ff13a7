package timakgorm_test

import (
	"testing"
	"time"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// TestNewRule: changes that an older program has captured lack a column which
// a rule names by now. They are recorded anew from the rows; none is lost, and
// none becomes a dead letter.
func TestNewRule(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		byTopic := timakgorm.Rule{Key: "topic:{Topic}"}
		byOwner := timakgorm.Rule{Key: "owner:{Owner}"}
		w := world.New(t, world.Setup{Dialect: dialect, Models: []any{&world.Note{}}, Tracked: []any{timakgorm.Track[world.Note](byTopic)}})
		w.Must(w.DB.Create(&[]world.Note{{ID: 1, Topic: "a", Owner: "x"}, {ID: 2, Topic: "a", Owner: "y"}, {ID: 3, Topic: "a", Owner: "x"}}).Error)
		w.Drain()
		w.Must(w.DB.Model(&world.Note{ID: 1}).Update("topic", "b").Error)
		w.Must(w.DB.Delete(&world.Note{}, 2).Error)
		w.Must(w.DB.Create(&world.Note{ID: 4, Topic: "a", Owner: "y"}).Error)

		plugin, err := timakgorm.New(w.Timelines, nil)
		w.Must(err)
		w.Must(plugin.Register(timakgorm.Track[world.Note](byTopic, byOwner)))
		w.DB = world.OpenDSN(t, dialect, w.DSN, nil)
		w.Must(w.DB.Use(plugin))
		w.Plugin = plugin

		w.WantIDs("topic:a", "notes:4", "notes:3")
		w.WantIDs("topic:b", "notes:1")
		w.WantIDs("owner:x", "notes:1") // note 3 has not changed since
		w.WantIDs("owner:y", "notes:4")
		if n := w.Dead(); n != 0 {
			t.Errorf("%d dead letters, want none", n)
		}
	})
}

// Meeting is a model whose date may be missing while its condition is true: what
// a person has to mend.
type Meeting struct {
	ID     uint
	Topic  string
	Shown  bool
	HeldAt *time.Time
}

// TestMended: a row that could not be placed reaches its timelines when it has
// been mended, and its other timelines before that.
func TestMended(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		dated := timakgorm.Rule{Key: "topic:{Topic}", Date: "HeldAt", When: "Shown"}
		scored := timakgorm.Rule{Key: "meetings", Date: "ID"}
		w := world.New(t, world.Setup{Dialect: dialect, Models: []any{&Meeting{}}, Tracked: []any{timakgorm.Track[Meeting](dated, scored)}})
		w.Must(w.DB.Create(&Meeting{ID: 1, Topic: "a", Shown: true}).Error)
		w.WantIDs("meetings", "meetings:1")
		w.WantIDs("topic:a")
		if n := w.Dead(); n != 1 {
			t.Errorf("%d dead letters, want 1", n)
		}
		w.Must(w.DB.Model(&Meeting{ID: 1}).Update("held_at", world.At(1)).Error)
		w.WantIDs("topic:a", "meetings:1")
		if n := w.Dead(); n != 1 {
			t.Errorf("%d dead letters, want the 1 of before", n)
		}
	})
}
