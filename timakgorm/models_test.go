package timakgorm_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/plugin/optimisticlock"
	"gorm.io/plugin/soft_delete"

	"github.com/timak-go/timak/timakgorm"
)

// shown is an item, and the timeline that it lies on.
type shown struct {
	key, id string
	at      time.Time
	data    string
}

// A row that is a shower tells its items, if there are any. That is written by
// hand beside each model, so that tests do not ask the rules what the rules
// should do.
type shower interface{ shown() []shown }

// postRow is a row of posts whose author and title may be NULL.
type postRow struct {
	ID        uint
	AuthorID  *uint
	Title     *string
	Published bool
	CreatedAt time.Time
	DeletedAt gorm.DeletedAt
}

func (postRow) TableName() string { return "posts" }

func (p postRow) shown() []shown {
	if !p.Published || p.DeletedAt.Valid {
		return nil
	}
	id := fmt.Sprint("posts:", p.ID)
	out := []shown{{"site:posts", id, p.CreatedAt, ""}}
	if p.AuthorID != nil {
		out = append(out, shown{fmt.Sprintf("author:%d:posts", *p.AuthorID), id, p.CreatedAt, object("title", p.Title)})
	}
	return out
}

func (p Post) shown() []shown {
	return postRow{ID: p.ID, AuthorID: &p.AuthorID, Title: &p.Title, Published: p.Published, CreatedAt: p.CreatedAt, DeletedAt: p.DeletedAt}.shown()
}

// object is the JSON of names and values in turn.
func object(pairs ...any) string {
	var parts []string
	for i := 0; i < len(pairs); i += 2 {
		value, err := json.Marshal(pairs[i+1])
		if err != nil {
			panic(err)
		}
		parts = append(parts, fmt.Sprintf("%q:%s", pairs[i], value))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// Remark belongs to a post.
type Remark struct {
	ID        uint
	PostID    uint
	Post      *Post
	Text      string
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=post:{PostID}:remarks; data=Text"`
}

func (r Remark) shown() []shown {
	return []shown{{fmt.Sprintf("post:%d:remarks", r.PostID), fmt.Sprint("remarks:", r.ID), r.CreatedAt, object("text", r.Text)}}
}

// Seat has a primary key of two columns.
type Seat struct {
	RoomID    uint `gorm:"primaryKey;autoIncrement:false"`
	Number    uint `gorm:"primaryKey;autoIncrement:false"`
	Holder    string
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=holder:{Holder}:seats"`
}

func (s Seat) shown() []shown {
	return []shown{{fmt.Sprintf("holder:%s:seats", s.Holder), fmt.Sprintf("seats:%d,%d", s.RoomID, s.Number), s.CreatedAt, ""}}
}

// Parcel has a UUID that its hook makes.
type Parcel struct {
	ID        uuid.UUID `gorm:"type:uuid;primaryKey"`
	Owner     string
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=owner:{Owner}:parcels"`
}

func (p *Parcel) BeforeCreate(*gorm.DB) error {
	if p.ID == uuid.Nil {
		p.ID = uuid.New()
	}
	return nil
}

func (p Parcel) shown() []shown {
	return []shown{{fmt.Sprintf("owner:%s:parcels", p.Owner), fmt.Sprint("parcels:", p.ID), p.CreatedAt, ""}}
}

// Voucher has a UUID that the database makes.
type Voucher struct {
	ID        string `gorm:"type:uuid;primaryKey;default:gen_random_uuid()"`
	Owner     string
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=owner:{Owner}:vouchers"`
}

// sqliteVouchers is what AutoMigrate cannot make on SQLite, which has no
// gen_random_uuid.
const sqliteVouchers = `CREATE TABLE vouchers (id text PRIMARY KEY DEFAULT ('v-' || lower(hex(randomblob(8)))), owner text, created_at datetime)`

func (v Voucher) shown() []shown {
	return []shown{{fmt.Sprintf("owner:%s:vouchers", v.Owner), "vouchers:" + v.ID, v.CreatedAt, ""}}
}

// Leaflet has a text for its primary key.
type Leaflet struct {
	Slug      string `gorm:"primaryKey"`
	Section   string
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=section:{Section}:leaflets; data=Section"`
}

func (l Leaflet) shown() []shown {
	escape := strings.NewReplacer(",", "%2C", ":", "%3A", " ", "%20").Replace
	return []shown{{fmt.Sprintf("section:%s:leaflets", escape(l.Section)), "leaflets:" + escape(l.Slug), l.CreatedAt, object("section", l.Section)}}
}

// Listing has unique columns beside its primary key, and defaults of the
// database.
type Listing struct {
	ID        uint
	Slug      *string `gorm:"unique"`
	Region    *string `gorm:"uniqueIndex:listings_place"`
	Code      *string `gorm:"uniqueIndex:listings_place"`
	Shop      *uint
	Title     string `gorm:"default:untitled"`
	Stock     *int
	Active    bool `gorm:"default:true"`
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=shop:{Shop}:listings; when=Active; data=Title,Stock"`
}

func (l Listing) shown() []shown {
	if !l.Active || l.Shop == nil {
		return nil
	}
	return []shown{{fmt.Sprintf("shop:%d:listings", *l.Shop), fmt.Sprint("listings:", l.ID), l.CreatedAt, object("title", l.Title, "stock", l.Stock)}}
}

func (g Gadget) shown() []shown {
	if g.DeletedAt.Valid {
		return nil
	}
	id := fmt.Sprint("gadgets:", g.ID)
	var out []shown
	if g.Owned != nil {
		out = append(out, shown{fmt.Sprintf("owner:%d:things", g.OwnerID), id, g.CreatedAt, ""})
	}
	if g.Stamp.Live {
		out = append(out, shown{"live:things", id, g.Stamp.SentAt, object("stamp_sent", g.Stamp.SentAt.UTC().Format(time.RFC3339Nano))})
	}
	return out
}

// Survey has columns that serializers write.
type Survey struct {
	ID       uint
	Owner    string
	Tags     []string `gorm:"serializer:json;type:text"`
	OpenedAt int64    `gorm:"serializer:unixtime;type:timestamp"`

	_ timakgorm.Timeline `timak:"key=owner:{Owner}:surveys; date=OpenedAt; data=Tags"`
}

func (s Survey) shown() []shown {
	tags, err := json.Marshal(s.Tags)
	if err != nil {
		panic(err)
	}
	return []shown{{fmt.Sprintf("owner:%s:surveys", s.Owner), fmt.Sprint("surveys:", s.ID), time.Unix(s.OpenedAt, 0), object("tags", string(tags))}}
}

// Toy belongs to a cat or to a dog.
type Toy struct {
	ID        uint
	Name      string
	OwnerID   *uint
	OwnerType *string
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=toys:{OwnerType}:{OwnerID}; data=Name"`
}

type (
	Cat struct {
		ID   uint
		Toys []Toy `gorm:"polymorphic:Owner"`
	}
	Dog struct {
		ID  uint
		Toy *Toy `gorm:"polymorphic:Owner"`
	}
)

func (t Toy) shown() []shown {
	if t.OwnerID == nil || t.OwnerType == nil {
		return nil
	}
	return []shown{{fmt.Sprintf("toys:%s:%d", *t.OwnerType, *t.OwnerID), fmt.Sprint("toys:", t.ID), t.CreatedAt, object("name", t.Name)}}
}

// Course has students by a join table with a model of its own, Enrolment, and
// topics by one that GORM makes up, though CourseTopic is tracked.
type (
	Course struct {
		ID       uint
		Name     string
		Students []Student `gorm:"many2many:enrolments"`
		Topics   []Topic   `gorm:"many2many:course_topics"`
	}
	Student struct {
		ID   uint
		Name string
	}
	Topic struct {
		ID   uint
		Name string
	}
	Enrolment struct {
		CourseID  uint `gorm:"primaryKey;autoIncrement:false"`
		StudentID uint `gorm:"primaryKey;autoIncrement:false"`
		CreatedAt time.Time

		_ timakgorm.Timeline `timak:"key=student:{StudentID}:courses"`
	}
	CourseTopic struct {
		CourseID uint      `gorm:"primaryKey;autoIncrement:false"`
		TopicID  uint      `gorm:"primaryKey;autoIncrement:false"`
		Since    time.Time `gorm:"default:CURRENT_TIMESTAMP"`

		_ timakgorm.Timeline `timak:"key=topic:{TopicID}:courses; date=Since"`
	}
)

func (e Enrolment) shown() []shown {
	return []shown{{fmt.Sprintf("student:%d:courses", e.StudentID), fmt.Sprintf("enrolments:%d,%d", e.CourseID, e.StudentID), e.CreatedAt, ""}}
}

func (c CourseTopic) shown() []shown {
	return []shown{{fmt.Sprintf("topic:%d:courses", c.TopicID), fmt.Sprintf("course_topics:%d,%d", c.CourseID, c.TopicID), c.Since, ""}}
}

// Contract is locked optimistically.
type Contract struct {
	ID        uint
	Party     string
	Version   optimisticlock.Version
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=party:{Party}:contracts"`
}

func (c Contract) shown() []shown {
	return []shown{{fmt.Sprintf("party:%s:contracts", c.Party), fmt.Sprint("contracts:", c.ID), c.CreatedAt, ""}}
}

// Banner and Poster are deleted softly by the plugin for that: by a moment and
// by a flag.
type (
	Banner struct {
		ID        uint
		Place     string
		CreatedAt time.Time
		DeletedAt soft_delete.DeletedAt

		_ timakgorm.Timeline `timak:"key=place:{Place}:banners"`
	}
	Poster struct {
		ID        uint
		Place     string
		CreatedAt time.Time
		Gone      soft_delete.DeletedAt `gorm:"softDelete:flag"`

		_ timakgorm.Timeline `timak:"key=place:{Place}:posters"`
	}
)

func (b Banner) shown() []shown {
	if b.DeletedAt != 0 {
		return nil
	}
	return []shown{{fmt.Sprintf("place:%s:banners", b.Place), fmt.Sprint("banners:", b.ID), b.CreatedAt, ""}}
}

func (p Poster) shown() []shown {
	if p.Gone != 0 {
		return nil
	}
	return []shown{{fmt.Sprintf("place:%s:posters", p.Place), fmt.Sprint("posters:", p.ID), p.CreatedAt, ""}}
}

// File goes when its folder goes, and stays when its drawer goes.
type (
	Folder struct {
		ID   uint
		Name string
	}
	Drawer struct {
		ID   uint
		Name string
	}
	File struct {
		ID        uint
		FolderID  *uint
		Folder    *Folder `gorm:"constraint:OnDelete:CASCADE,OnUpdate:CASCADE"`
		DrawerID  *uint
		Drawer    *Drawer `gorm:"constraint:OnDelete:SET NULL"`
		CreatedAt time.Time

		_ timakgorm.Timeline `timak:"key=folder:{FolderID}:files"`
		_ timakgorm.Timeline `timak:"key=drawer:{DrawerID}:files"`
	}
)

func (f File) shown() []shown {
	var out []shown
	if f.FolderID != nil {
		out = append(out, shown{fmt.Sprintf("folder:%d:files", *f.FolderID), fmt.Sprint("files:", f.ID), f.CreatedAt, ""})
	}
	if f.DrawerID != nil {
		out = append(out, shown{fmt.Sprintf("drawer:%d:files", *f.DrawerID), fmt.Sprint("files:", f.ID), f.CreatedAt, ""})
	}
	return out
}

// Ballot is not tracked; a trigger of the database's changes its post.
type Ballot struct {
	ID     uint
	PostID uint
}

// Sign is changed by a trigger as it is written: its place is put in small
// letters.
type Sign struct {
	ID        uint
	Place     string
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=place:{Place}:signs"`
}

func (s Sign) shown() []shown {
	return []shown{{fmt.Sprintf("place:%s:signs", s.Place), fmt.Sprint("signs:", s.ID), s.CreatedAt, ""}}
}

// databaseTriggers are the user's own.
var databaseTriggers = map[string]string{
	"postgres": `
CREATE FUNCTION count_ballot() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	UPDATE posts SET title = title || '+' WHERE id = NEW.post_id;
	RETURN NULL;
END $$;
CREATE TRIGGER count_ballot AFTER INSERT ON ballots FOR EACH ROW EXECUTE FUNCTION count_ballot();
CREATE FUNCTION small_place() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	NEW.place = lower(NEW.place);
	RETURN NEW;
END $$;
CREATE TRIGGER small_place BEFORE INSERT OR UPDATE ON signs FOR EACH ROW EXECUTE FUNCTION small_place();
CREATE FUNCTION move_posts(old int, new int) RETURNS void LANGUAGE sql AS $$ UPDATE posts SET author_id = new WHERE author_id = old $$;
CREATE VIEW all_posts AS SELECT * FROM posts`,
	"sqlite": `
CREATE TRIGGER count_ballot AFTER INSERT ON ballots BEGIN
	UPDATE posts SET title = title || '+' WHERE id = NEW.post_id;
END;
CREATE TRIGGER small_place_new AFTER INSERT ON signs BEGIN UPDATE signs SET place = lower(place) WHERE id = NEW.id; END;
CREATE TRIGGER small_place AFTER UPDATE ON signs BEGIN UPDATE signs SET place = lower(place) WHERE id = NEW.id AND place <> lower(place); END;
CREATE VIEW all_posts AS SELECT * FROM posts;
CREATE TRIGGER all_posts INSTEAD OF UPDATE ON all_posts BEGIN UPDATE posts SET author_id = NEW.author_id WHERE id = OLD.id; END`,
}

// lateTriggers are those that the user has made on SQLite after timak's, and that
// it calls before them. They write the row again that a statement has written.
const lateTriggers = `
CREATE TRIGGER echo AFTER INSERT ON remarks WHEN NEW.text = 'echo' BEGIN UPDATE remarks SET post_id = 11 WHERE id = NEW.id; END;
CREATE TRIGGER spam AFTER INSERT ON remarks WHEN NEW.text = 'spam' BEGIN DELETE FROM remarks WHERE id = NEW.id; END;
CREATE TRIGGER pair AFTER INSERT ON remarks WHEN NEW.text = 'pair' BEGIN
	INSERT INTO remarks (post_id, text, created_at) VALUES (NEW.post_id, 'the other', NEW.created_at);
END;
CREATE TRIGGER loud AFTER UPDATE ON remarks WHEN NEW.text = 'loud' BEGIN UPDATE remarks SET text = 'LOUD' WHERE id = NEW.id; END;
CREATE TRIGGER undead AFTER DELETE ON remarks WHEN OLD.text = 'undead' BEGIN
	INSERT INTO remarks (id, post_id, text, created_at) VALUES (OLD.id, 11, 'back', OLD.created_at);
END`

// Price has a column that the database computes.
type Price struct {
	ID        uint
	Cents     int
	Band      string    `gorm:"->;type:text GENERATED ALWAYS AS (CASE WHEN cents >= 1000 THEN 'dear' ELSE 'cheap' END) STORED"`
	CreatedAt time.Time `gorm:"<-:create"`

	_ timakgorm.Timeline `timak:"key=band:{Band}:prices; data=Cents"`
}

func (p Price) shown() []shown {
	return []shown{{fmt.Sprintf("band:%s:prices", p.Band), fmt.Sprint("prices:", p.ID), p.CreatedAt, object("cents", p.Cents)}}
}

// Memo has hooks that write: one changes the statement that it belongs to, others
// make statements of their own.
type Memo struct {
	ID        uint
	Owner     string
	Title     string
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=owner:{Owner}:memos; data=Title"`
}

func (m *Memo) BeforeUpdate(tx *gorm.DB) error {
	if m.Title == "hooked" {
		tx.Statement.SetColumn("Owner", "hook")
	}
	return nil
}

func (m *Memo) AfterCreate(tx *gorm.DB) error {
	if m.Title != "nest" {
		return nil
	}
	return tx.Create(&Memo{Owner: m.Owner, Title: "nested", CreatedAt: at(20)}).Error
}

func (m *Memo) AfterDelete(tx *gorm.DB) error {
	if m.Title == "" { // as that of a delete by Where
		return nil
	}
	return tx.Where("title = ?", "with "+m.Title).Delete(&Memo{}).Error
}

func (m Memo) shown() []shown {
	return []shown{{fmt.Sprintf("owner:%s:memos", m.Owner), fmt.Sprint("memos:", m.ID), m.CreatedAt, object("title", m.Title)}}
}
