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
)

// Owned and Stamped carry rules that the models which embed them have as well.
type Owned struct {
	OwnerID uint

	_ timakgorm.Timeline `timak:"key=owner:{OwnerID}:things"`
}

type Stamped struct {
	Live   bool
	SentAt time.Time `gorm:"column:sent"`

	_ timakgorm.Timeline `timak:"key=live:things; when=Live; date=SentAt; data=SentAt"`
}

type Gadget struct {
	gorm.Model
	*Owned

	Stamp Stamped `gorm:"embedded;embeddedPrefix:stamp_"`
}

func TestModel_embedded(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		w := newWorld(t, setup{dialect: dialect, models: []any{&Gadget{}}, tracked: []any{&Gadget{}}})
		gadget := Gadget{Owned: &Owned{OwnerID: 7}, Stamp: Stamped{Live: true, SentAt: at(5)}}
		gadget.CreatedAt = at(1)
		w.must(w.db.Create(&gadget).Error)
		w.wantItems("owner:7:things", "gadgets:1 00:01")
		w.wantItems("live:things", `gadgets:1 00:05 {"stamp_sent":"2026-01-01T00:05:00Z"}`)
		w.must(w.db.Model(&gadget).Updates(map[string]any{"owner_id": 8, "stamp_live": false}).Error)
		w.wantItems("owner:7:things")
		w.wantItems("owner:8:things", "gadgets:1 00:01")
		w.wantItems("live:things")
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
	onBoth(t, func(t *testing.T, dialect string) {
		config := &gorm.Config{NamingStrategy: schema.NamingStrategy{TablePrefix: "not_used_"}}
		w := newWorld(t, setup{dialect: dialect, config: config, models: []any{&Label{}}, tracked: []any{&Label{}}})
		w.must(w.db.Create(&Label{Number: 3, Owner: "ann", Created: at(3)}).Error)
		w.wantItems("owner:ann", `stickers:3 00:03 {"the owner":"ann","is_draft":false}`)
		w.must(w.db.Model(&Label{Number: 3}).Update("Draft", true).Error)
		w.wantItems("owner:ann")
	})
}

func TestModel_tablePrefix(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		config := &gorm.Config{NamingStrategy: schema.NamingStrategy{TablePrefix: "blog_", SingularTable: true}}
		w := newWorld(t, setup{dialect: dialect, config: config})
		w.must(w.db.Create(&Post{AuthorID: 1, Published: true}).Error)
		w.wantIDs("author:1:posts", "blog_post:1")
		w.must(w.db.Delete(&Post{}, 1).Error)
		w.wantIDs("author:1:posts")
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
	w := newWorld(t, setup{dialect: "postgres", models: []any{}, tracked: []any{&Entry{}}})
	w.must(w.db.Exec("CREATE SCHEMA app; CREATE TABLE public.entries (id int, owner_id int, created_at date, deleted_at date)").Error)
	w.must(w.db.AutoMigrate(&Entry{}))
	w.must(w.db.Create(&[]Entry{{OwnerID: 1, CreatedAt: at(1)}, {OwnerID: 1, CreatedAt: at(2)}}).Error)
	w.wantIDs("owner:1:entries", "app.entries:2", "app.entries:1")
	w.must(w.db.Model(&Entry{}).Where("id = ?", 1).Update("owner_id", 2).Error)
	w.wantIDs("owner:1:entries", "app.entries:2")
	w.must(w.db.Clauses(clause.OnConflict{UpdateAll: true}).Create(&Entry{ID: 2, OwnerID: 2, CreatedAt: at(3)}).Error)
	w.wantIDs("owner:2:entries", "app.entries:2", "app.entries:1")
	page, err := w.timelines.Page(t.Context(), "owner:2:entries", timak.Query{})
	w.must(err)
	entries, err := timakgorm.Load[Entry](t.Context(), w.db, page)
	w.must(err)
	if len(entries) != 2 || entries[0].ID != 2 || entries[1].ID != 1 {
		t.Errorf("Load: got %+v, want the entries 2 and 1", entries)
	}
	w.must(w.db.Delete(&Entry{}, 1).Error)
	w.must(w.db.Unscoped().Where("owner_id = ?", 2).Delete(&Entry{}).Error)
	w.wantIDs("owner:2:entries")
	w.wantIDs("owner:1:entries")
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
	onBoth(t, func(t *testing.T, dialect string) {
		w := newWorld(t, setup{dialect: dialect, models: []any{&Membership{}}, tracked: []any{&Membership{}}})
		w.must(w.db.Create(&[]Membership{
			{GroupID: 1, Member: "ann", CreatedAt: at(1)},
			{GroupID: 1, Member: "2,bob", CreatedAt: at(2)},
			{GroupID: 2, Member: "ann", CreatedAt: at(3)},
		}).Error)
		w.wantIDs("group:1:members", "memberships:1,2%2Cbob", "memberships:1,ann")
		w.wantIDs("member:ann:groups", "memberships:2,ann", "memberships:1,ann")
		w.must(w.db.Save(&Membership{GroupID: 1, Member: "ann", Role: "admin", CreatedAt: at(1)}).Error)
		w.wantItems("group:1:members", `memberships:1,2%2Cbob 00:02 {"role":""}`, `memberships:1,ann 00:01 {"role":"admin"}`)
		w.must(w.db.Model(&Membership{}).Where("member = ?", "ann").Update("member", "eve").Error)
		w.wantIDs("member:ann:groups")
		w.wantIDs("member:eve:groups", "memberships:2,eve", "memberships:1,eve")
		w.must(w.db.Delete(&Membership{GroupID: 1, Member: "eve"}).Error)
		w.wantIDs("member:eve:groups", "memberships:2,eve")
		w.wantIDs("group:1:members", "memberships:1,2%2Cbob")
		if n := w.dead(); n > 0 {
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
	onBoth(t, func(t *testing.T, dialect string) {
		m := models[dialect]
		w := newWorld(t, setup{dialect: dialect, models: []any{m.empty}, tracked: []any{m.empty}})
		w.must(w.db.Create(m.child).Error)
		w.must(w.db.Create(m.orphan).Error)
		key := timakgorm.Key("parent:{}:documents", parent)
		w.wantIDs(key, "documents:"+id.String())
		w.must(w.db.Model(m.child).Update("parent_id", nil).Error)
		w.wantIDs(key)
		w.must(w.db.Model(m.empty).Where("parent_id IS NULL").Update("parent_id", parent).Error)
		w.drain()
		if got := len(w.ids(key)); got != 2 {
			t.Errorf("after both got a parent: %d documents, want 2", got)
		}
		w.must(w.db.Where("id = ?", id).Delete(m.empty).Error)
		if w.drain(); len(w.ids(key)) != 1 || w.dead() > 0 {
			t.Errorf("after one was deleted: got %v and %d dead letters, want the other document", w.ids(key), w.dead())
		}
	})
}
