package timakgorm_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

func TestModel_embedded(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect, Models: []any{&world.Gadget{}}, Tracked: []any{&world.Gadget{}}})
		gadget := world.Gadget{Owned: &world.Owned{OwnerID: 7}, Stamp: world.Stamped{Live: true, SentAt: world.At(5)}}
		gadget.CreatedAt = world.At(1)
		w.Must(w.DB.Create(&gadget).Error)
		wantItems(w, "owner:7:things", "gadgets:1 00:01")
		wantItems(w, "live:things", `gadgets:1 00:05 {"stamp_sent":"2026-01-01T00:05:00Z"}`)
		w.Must(w.DB.Model(&gadget).Updates(map[string]any{"owner_id": 8, "stamp_live": false}).Error)
		wantItems(w, "owner:7:things")
		wantItems(w, "owner:8:things", "gadgets:1 00:01")
		wantItems(w, "live:things")
	})
}

// Label has names of the model's own choice in place of GORM's.
type Label struct {
	Number  uint      `gorm:"primaryKey;column:no"`
	Owner   string    `gorm:"column:the owner"`
	Created time.Time `gorm:"column:made_at;type:timestamp"`
	Draft   bool      `gorm:"column:is_draft;type:boolean"`

	_ timakgorm.Timeline `timak:"key=owner:{Owner}; date=Created; when=!Draft; data=Owner,Draft"`
}

func (Label) TableName() string { return "stickers" }

func TestModel_columnNames(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		config := &gorm.Config{NamingStrategy: schema.NamingStrategy{TablePrefix: "not_used_"}}
		w := world.New(t, world.Setup{Dialect: dialect, Config: config, Models: []any{&Label{}}, Tracked: []any{&Label{}}})
		w.Must(w.DB.Create(&Label{Number: 3, Owner: "ann", Created: world.At(3)}).Error)
		wantItems(w, "owner:ann", `stickers:3 00:03 {"the owner":"ann","is_draft":false}`)
		w.Must(w.DB.Model(&Label{Number: 3}).Update("Draft", true).Error)
		wantItems(w, "owner:ann")
	})
}

func TestModel_tablePrefix(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		config := &gorm.Config{NamingStrategy: schema.NamingStrategy{TablePrefix: "blog_", SingularTable: true}}
		w := world.New(t, world.Setup{Dialect: dialect, Config: config})
		w.Must(w.DB.Create(&world.Post{AuthorID: 1, Published: true}).Error)
		w.WantIDs("author:1:posts", "blog_post:1")
		w.Must(w.DB.Delete(&world.Post{}, 1).Error)
		w.WantIDs("author:1:posts")
	})
}

// Entry is in a schema of its own.
type Entry struct {
	ID        uint
	OwnerID   uint
	CreatedAt time.Time
	DeletedAt gorm.DeletedAt

	_ timakgorm.Timeline `timak:"key=owner:{OwnerID}:entries"`
}

func (Entry) TableName() string { return "app.entries" }

// There is a table of the same name in another schema.
func TestModel_schema(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.Setup{Dialect: "postgres", Models: []any{}, Tracked: []any{&Entry{}}})
	w.Must(w.DB.Exec("CREATE SCHEMA app; CREATE TABLE public.entries (id int, owner_id int, created_at date, deleted_at date)").Error)
	w.Must(w.DB.AutoMigrate(&Entry{}))
	w.Must(w.DB.Create(&[]Entry{{OwnerID: 1, CreatedAt: world.At(1)}, {OwnerID: 1, CreatedAt: world.At(2)}}).Error)
	w.WantIDs("owner:1:entries", "app.entries:2", "app.entries:1")
	w.Must(w.DB.Model(&Entry{}).Where("id = ?", 1).Update("owner_id", 2).Error)
	w.WantIDs("owner:1:entries", "app.entries:2")
	w.Must(w.DB.Clauses(clause.OnConflict{UpdateAll: true}).Create(&Entry{ID: 2, OwnerID: 2, CreatedAt: world.At(3)}).Error)
	w.WantIDs("owner:2:entries", "app.entries:2", "app.entries:1")
	page, err := w.Timelines.Page(t.Context(), "owner:2:entries", timak.Query{})
	w.Must(err)
	entries, err := timakgorm.Load[Entry](t.Context(), w.DB, page)
	w.Must(err)
	if len(entries) != 2 || entries[0].ID != 2 || entries[1].ID != 1 {
		t.Errorf("Load: got %+v, want the entries 2 and 1", entries)
	}
	w.Must(w.DB.Delete(&Entry{}, 1).Error)
	w.Must(w.DB.Unscoped().Where("owner_id = ?", 2).Delete(&Entry{}).Error)
	w.WantIDs("owner:2:entries")
	w.WantIDs("owner:1:entries")
}

// Membership has a primary key of two columns, one of them a text.
type Membership struct {
	GroupID   uint   `gorm:"primaryKey;autoIncrement:false"`
	Member    string `gorm:"primaryKey"`
	Role      string
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=group:{GroupID}:members; data=Role"`
	_ timakgorm.Timeline `timak:"key=member:{Member}:groups"`
}

func TestModel_compositeKey(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect, Models: []any{&Membership{}}, Tracked: []any{&Membership{}}})
		w.Must(w.DB.Create(&[]Membership{
			{GroupID: 1, Member: "ann", CreatedAt: world.At(1)},
			{GroupID: 1, Member: "2,bob", CreatedAt: world.At(2)},
			{GroupID: 2, Member: "ann", CreatedAt: world.At(3)},
		}).Error)
		w.WantIDs("group:1:members", "memberships:1,2%2Cbob", "memberships:1,ann")
		w.WantIDs("member:ann:groups", "memberships:2,ann", "memberships:1,ann")
		w.Must(w.DB.Save(&Membership{GroupID: 1, Member: "ann", Role: "admin", CreatedAt: world.At(1)}).Error)
		wantItems(w, "group:1:members", `memberships:1,2%2Cbob 00:02 {"role":""}`, `memberships:1,ann 00:01 {"role":"admin"}`)
		w.Must(w.DB.Model(&Membership{}).Where("member = ?", "ann").Update("member", "eve").Error)
		w.WantIDs("member:ann:groups")
		w.WantIDs("member:eve:groups", "memberships:2,eve", "memberships:1,eve")
		w.Must(w.DB.Delete(&Membership{GroupID: 1, Member: "eve"}).Error)
		w.WantIDs("member:eve:groups", "memberships:2,eve")
		w.WantIDs("group:1:members", "memberships:1,2%2Cbob")
		if n := w.Dead(); n > 0 {
			t.Errorf("%d dead letters", n)
		}
	})
}

// UUIDs are of the database's own type on Postgres, a text on SQLite.
type (
	PostgresDocument struct {
		ID        uuid.UUID  `gorm:"type:uuid;default:gen_random_uuid()"`
		ParentID  *uuid.UUID `gorm:"type:uuid"`
		CreatedAt time.Time

		_ timakgorm.Timeline `timak:"key=parent:{ParentID}:documents"`
	}
	SQLiteDocument struct {
		ID        uuid.UUID  `gorm:"type:text"`
		ParentID  *uuid.UUID `gorm:"type:text"`
		CreatedAt time.Time

		_ timakgorm.Timeline `timak:"key=parent:{ParentID}:documents"`
	}
)

func (PostgresDocument) TableName() string { return "documents" }
func (SQLiteDocument) TableName() string   { return "documents" }

func TestModel_uuid(t *testing.T) {
	t.Parallel()
	parent := uuid.MustParse("F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6")
	id := uuid.MustParse("12345678-0000-0000-0000-00000000000E")
	models := map[string]struct{ empty, child, orphan any }{
		"postgres": {&PostgresDocument{}, &PostgresDocument{ID: id, ParentID: &parent}, &PostgresDocument{}},
		"sqlite":   {&SQLiteDocument{}, &SQLiteDocument{ID: id, ParentID: &parent}, &SQLiteDocument{ID: parent}},
	}
	world.OnBoth(t, func(t *testing.T, dialect string) {
		m := models[dialect]
		w := world.New(t, world.Setup{Dialect: dialect, Models: []any{m.empty}, Tracked: []any{m.empty}})
		w.Must(w.DB.Create(m.child).Error)
		w.Must(w.DB.Create(m.orphan).Error)
		key := timakgorm.Key("parent:{}:documents", parent)
		w.WantIDs(key, "documents:"+id.String())
		w.Must(w.DB.Model(m.child).Update("parent_id", nil).Error)
		w.WantIDs(key)
		w.Must(w.DB.Model(m.empty).Where("parent_id IS NULL").Update("parent_id", parent).Error)
		w.Drain()
		if got := len(w.IDs(key)); got != 2 {
			t.Errorf("after both got a parent: %d documents, want 2", got)
		}
		w.Must(w.DB.Where("id = ?", id).Delete(m.empty).Error)
		if w.Drain(); len(w.IDs(key)) != 1 || w.Dead() > 0 {
			t.Errorf("after one was deleted: got %v and %d dead letters, want the other document", w.IDs(key), w.Dead())
		}
	})
}
