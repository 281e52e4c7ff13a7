package timakgorm_test

import (
	"testing"
	"time"

	"github.com/timak-go/timak/timakgorm"
)

// Note is a model whose newer version has a rule that names another column.
type Note struct {
	ID        uint
	Topic     string
	Owner     string
	CreatedAt time.Time
}

// TestNewRule: changes that an older program has captured lack a column which
// a rule names by now. They are recorded anew from the rows; none is lost, and
// none becomes a dead letter.
func TestNewRule(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		byTopic := timakgorm.Rule{Key: "topic:{Topic}"}
		byOwner := timakgorm.Rule{Key: "owner:{Owner}"}
		w := newWorld(t, setup{dialect: dialect, models: []any{&Note{}}, tracked: []any{timakgorm.Track[Note](byTopic)}})
		w.must(w.db.Create(&[]Note{{ID: 1, Topic: "a", Owner: "x"}, {ID: 2, Topic: "a", Owner: "y"}, {ID: 3, Topic: "a", Owner: "x"}}).Error)
		w.drain()
		w.must(w.db.Model(&Note{ID: 1}).Update("topic", "b").Error)
		w.must(w.db.Delete(&Note{}, 2).Error)
		w.must(w.db.Create(&Note{ID: 4, Topic: "a", Owner: "y"}).Error)

		plugin, err := timakgorm.New(w.timelines, nil)
		w.must(err)
		w.must(plugin.Register(timakgorm.Track[Note](byTopic, byOwner)))
		w.db = openDSN(t, dialect, w.dsn, nil)
		w.must(w.db.Use(plugin))
		w.plugin = plugin

		w.wantIDs("topic:a", "notes:4", "notes:3")
		w.wantIDs("topic:b", "notes:1")
		w.wantIDs("owner:x", "notes:1") // note 3 has not changed since
		w.wantIDs("owner:y", "notes:4")
		if n := w.dead(); n != 0 {
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
	onBoth(t, func(t *testing.T, dialect string) {
		dated := timakgorm.Rule{Key: "topic:{Topic}", Date: "HeldAt", When: "Shown"}
		scored := timakgorm.Rule{Key: "meetings", Date: "ID"}
		w := newWorld(t, setup{dialect: dialect, models: []any{&Meeting{}}, tracked: []any{timakgorm.Track[Meeting](dated, scored)}})
		w.must(w.db.Create(&Meeting{ID: 1, Topic: "a", Shown: true}).Error)
		w.wantIDs("meetings", "meetings:1")
		w.wantIDs("topic:a")
		if n := w.dead(); n != 1 {
			t.Errorf("%d dead letters, want 1", n)
		}
		w.must(w.db.Model(&Meeting{ID: 1}).Update("held_at", at(1)).Error)
		w.wantIDs("topic:a", "meetings:1")
		if n := w.dead(); n != 1 {
			t.Errorf("%d dead letters, want the 1 of before", n)
		}
	})
}
