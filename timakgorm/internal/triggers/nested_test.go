package triggers_test

import (
	"testing"
	"time"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// newPost inserts a post as another program does.
const newPost = "INSERT INTO posts (id, author_id, title, published, created_at) VALUES (30, 1, 'new', 1, '2026-01-01 00:08:00+00:00')"

// replacedPost replaces a post by one of another author.
const replacedPost = "INSERT OR REPLACE INTO posts (id, author_id, title, published, created_at) VALUES (10, 2, 'new', 1, '2026-01-01 00:08:00+00:00')"

// nestedWrites are statements on posts in whose midst a trigger of the user's
// writes posts as well.
var nestedWrites = []struct{ name, trigger, sql string }{
	{"insert, updated", "AFTER INSERT ON posts BEGIN UPDATE posts SET author_id = 5 WHERE id = new.id; END", newPost},
	{"insert, updated twice", "AFTER INSERT ON posts BEGIN UPDATE posts SET author_id = 5 WHERE id = new.id; UPDATE posts SET author_id = 6, title = 'x' WHERE id = new.id; END", newPost},
	{"insert, moved", "AFTER INSERT ON posts BEGIN UPDATE posts SET id = 31, author_id = 5 WHERE id = new.id; END", newPost},
	{"insert, deleted", "AFTER INSERT ON posts BEGIN DELETE FROM posts WHERE id = new.id; END", newPost},
	{"insert, soft-deleted", "AFTER INSERT ON posts BEGIN UPDATE posts SET deleted_at = new.created_at WHERE id = new.id; END", newPost},
	{
		"insert of a deleted one, restored", "AFTER INSERT ON posts BEGIN UPDATE posts SET deleted_at = NULL WHERE id = new.id; END",
		"INSERT INTO posts (id, author_id, title, published, created_at, deleted_at) VALUES (30, 1, 'd', 1, '2026-01-01 00:08:00+00:00', '2026-01-01 00:08:00+00:00')",
	},
	{
		"insert of many, updated", "AFTER INSERT ON posts BEGIN UPDATE posts SET author_id = author_id + 1 WHERE id = new.id; END",
		"INSERT INTO posts (id, author_id, title, published, created_at) SELECT id + 30, author_id, title, published, created_at FROM posts",
	},
	{
		"update, updated", "AFTER UPDATE ON posts WHEN new.title <> upper(new.title) BEGIN UPDATE posts SET title = upper(title) WHERE id = new.id; END",
		"UPDATE posts SET title = 'abc' WHERE id = 10",
	},
	{
		"update, updated back", "AFTER UPDATE ON posts WHEN new.author_id = 7 BEGIN UPDATE posts SET author_id = old.author_id WHERE id = new.id; END",
		"UPDATE posts SET author_id = 7",
	},
	{"update, deleted", "AFTER UPDATE ON posts BEGIN DELETE FROM posts WHERE id = new.id; END", "UPDATE posts SET title = 'abc' WHERE id < 12"},
	{
		"update, all updated", "AFTER UPDATE ON posts WHEN new.title = 'all' BEGIN UPDATE posts SET author_id = 8, title = '' WHERE id <> new.id; END",
		"UPDATE posts SET title = 'all', author_id = 9",
	},
	{
		"soft delete, restored", "AFTER UPDATE ON posts WHEN new.deleted_at IS NOT NULL BEGIN UPDATE posts SET deleted_at = NULL, author_id = 7 WHERE id = new.id; END",
		"UPDATE posts SET deleted_at = '2026-01-01 00:09:00+00:00'",
	},
	{"move, moved on", "AFTER UPDATE ON posts WHEN new.id < 100 BEGIN UPDATE posts SET id = id + 100 WHERE id = new.id; END", "UPDATE posts SET id = id + 20"},
	{
		"move, moved back", "AFTER UPDATE ON posts WHEN new.id BETWEEN 100 AND 999 BEGIN UPDATE posts SET id = old.id, author_id = 6 WHERE id = new.id; END",
		"UPDATE posts SET id = id + 100 WHERE id = 10",
	},
	{
		"delete, inserted again", "AFTER DELETE ON posts BEGIN INSERT INTO posts (id, author_id, title, published, created_at) VALUES (old.id, 7, old.title, old.published, old.created_at); END",
		"DELETE FROM posts",
	},
	{
		"delete, another inserted", "AFTER DELETE ON posts BEGIN INSERT INTO posts (id, author_id, title, published, created_at) VALUES (old.id + 50, 7, old.title, old.published, old.created_at); END",
		"DELETE FROM posts WHERE id = 10",
	},

	{"replace, another inserted after", "AFTER INSERT ON posts WHEN new.id < 1000 BEGIN INSERT INTO posts (id, author_id, title, published, created_at) VALUES (new.id + 1000, 7, 'n', 1, new.created_at); END", replacedPost},
	{"replace, another inserted before", "BEFORE INSERT ON posts WHEN new.id < 1000 BEGIN INSERT INTO posts (id, author_id, title, published, created_at) VALUES (new.id + 1000, 7, 'n', 1, new.created_at); END", replacedPost},
	{"replace, another replaced after", "AFTER INSERT ON posts WHEN new.id = 10 BEGIN INSERT OR REPLACE INTO posts (id, author_id, title, published, created_at) VALUES (11, 7, 'n', 1, new.created_at); END", replacedPost},
	{"replace, another replaced before", "BEFORE INSERT ON posts WHEN new.id = 10 BEGIN INSERT OR REPLACE INTO posts (id, author_id, title, published, created_at) VALUES (11, 7, 'n', 1, new.created_at); END", replacedPost},
	{"replace, replaced again", "AFTER INSERT ON posts WHEN new.title = 'new' BEGIN INSERT OR REPLACE INTO posts (id, author_id, title, published, created_at) VALUES (new.id, 7, 'newer', 1, new.created_at); END", replacedPost},
	{"replace, updated", "AFTER INSERT ON posts BEGIN UPDATE posts SET author_id = 5 WHERE id = new.id; END", replacedPost},
	{"replace, deleted", "AFTER INSERT ON posts BEGIN DELETE FROM posts WHERE id = new.id; END", replacedPost},
	{
		"replace of all", "AFTER INSERT ON posts WHEN new.id < 1000 BEGIN INSERT INTO posts (id, author_id, title, published, created_at) VALUES (1000, new.id, 'n', 1, new.created_at); END",
		"INSERT OR REPLACE INTO posts (id, author_id, title, published, created_at) SELECT id, author_id + 1, title, 1, created_at FROM posts",
	},
	{
		"update or replace, another inserted", "AFTER UPDATE ON posts BEGIN INSERT INTO posts (id, author_id, title, published, created_at) VALUES (77, 7, 'n', 1, new.created_at); END",
		"UPDATE OR REPLACE posts SET id = 11 WHERE id = 10",
	},
	{"update or replace, updated", "AFTER UPDATE ON posts WHEN new.author_id < 5 BEGIN UPDATE posts SET author_id = 5 WHERE id = new.id; END", "UPDATE OR REPLACE posts SET id = 11 WHERE id = 10"},
	{
		"upsert, updated", "AFTER UPDATE ON posts WHEN new.author_id < 5 BEGIN UPDATE posts SET author_id = 5 WHERE id = new.id; END",
		"INSERT INTO posts (id, author_id, published) VALUES (10, 2, 1) ON CONFLICT (id) DO UPDATE SET author_id = excluded.author_id",
	},
	{
		"ignored, another inserted", "BEFORE INSERT ON posts WHEN new.id < 1000 BEGIN INSERT INTO posts (id, author_id, title, published, created_at) VALUES (new.id + 1000, 7, 'n', 1, new.created_at); END",
		"INSERT OR IGNORE INTO posts (id, author_id, title, published, created_at) VALUES (10, 7, 'i', 1, '2026-01-01 00:08:00+00:00'), (33, 1, 'i', 1, '2026-01-01 00:08:00+00:00')",
	},
}

// TestTriggers_nested: what a statement has written is changed by a trigger of
// the user's before timak's own see it, or after: SQLite calls the trigger first
// that was made last.
func TestTriggers_nested(t *testing.T) {
	t.Parallel()
	for _, write := range nestedWrites {
		for _, first := range []string{"user's", "timak's"} {
			eachDraw(t, write.name+", "+first+" first", []any{&world.Post{}}, func(t *testing.T, s world.Setup) {
				s.Models = append(s.Models, &world.Author{})
				w := world.TriggerWorld(t, s)
				w.Seed()
				w.Check()
				w.Must(w.DB.Exec("CREATE TRIGGER users " + write.trigger).Error)
				if first == "timak's" {
					w.Must(w.Plugin.DropTriggers(t.Context(), w.DB))
					w.Must(w.Plugin.InstallTriggers(t.Context(), w.DB))
				}
				_, err := w.Stranger().ExecContext(t.Context(), write.sql)
				w.Must(err)
				w.Check()
			})
		}
	}
}

// Graft may be its own parent.
type Graft struct {
	ID        uint
	ParentID  *uint
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=parent:{ParentID}"`
}

// TestTriggers_ownParent: a row that a foreign key changes because the row itself
// has changed.
func TestTriggers_ownParent(t *testing.T) {
	t.Parallel()
	dsn := world.NewDSN(t, "sqlite") + "&_pragma=foreign_keys(1)"
	const table = "CREATE TABLE grafts (id integer PRIMARY KEY, parent_id integer REFERENCES grafts ON UPDATE CASCADE ON DELETE SET NULL, created_at datetime)"
	if err := world.OpenDSN(t, "sqlite", dsn, nil).Exec(table).Error; err != nil {
		t.Fatal(err)
	}
	w := world.TriggerWorld(t, world.Setup{Dialect: "sqlite", DSN: dsn, Models: []any{}, Tracked: []any{&Graft{}}})
	w.Must(w.DB.Create(&[]Graft{
		{ID: 1, CreatedAt: world.At(1)}, {ID: 2, ParentID: new(uint(1)), CreatedAt: world.At(2)}, {ID: 3, ParentID: new(uint(3)), CreatedAt: world.At(3)},
	}).Error)
	w.WantIDs("parent:1", "grafts:2")
	w.WantIDs("parent:3", "grafts:3")
	w.Must(w.DB.Exec("UPDATE grafts SET id = id + 100").Error)
	w.WantIDs("parent:1")
	w.WantIDs("parent:3")
	w.WantIDs("parent:101", "grafts:102")
	w.WantIDs("parent:103", "grafts:103")
	w.Must(w.DB.Exec("DELETE FROM grafts WHERE id IN (101, 103)").Error)
	w.WantIDs("parent:101")
	w.WantIDs("parent:103")
}

// Pass has the primary key of the person it belongs to.
type Pass struct {
	PersonID  uint `gorm:"primaryKey"`
	Holder    string
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=passes"`
}

// TestTriggers_keyFollows: a primary key that a foreign key changes, in a table
// that has no number of SQLite's own.
func TestTriggers_keyFollows(t *testing.T) {
	t.Parallel()
	dsn := world.NewDSN(t, "sqlite") + "&_pragma=foreign_keys(1)"
	const tables = `CREATE TABLE people (id integer PRIMARY KEY); INSERT INTO people VALUES (1), (2);
		CREATE TABLE passes (person_id integer PRIMARY KEY REFERENCES people ON UPDATE CASCADE, holder text, created_at datetime) WITHOUT ROWID`
	if err := world.OpenDSN(t, "sqlite", dsn, nil).Exec(tables).Error; err != nil {
		t.Fatal(err)
	}
	w := world.TriggerWorld(t, world.Setup{Dialect: "sqlite", DSN: dsn, Models: []any{}, Tracked: []any{&Pass{}}})
	w.Must(w.DB.Create(&[]Pass{{PersonID: 1, CreatedAt: world.At(1)}, {PersonID: 2, CreatedAt: world.At(2)}}).Error)
	w.WantIDs("passes", "passes:2", "passes:1")
	w.Must(w.DB.Exec("UPDATE people SET id = id + 10").Error)
	w.WantIDs("passes", "passes:12", "passes:11")
}
