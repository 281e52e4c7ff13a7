package endtoend_test

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/plugin/optimisticlock"
	"gorm.io/plugin/soft_delete"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

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

func (p Parcel) Shown() []world.Shown {
	return []world.Shown{{Key: fmt.Sprintf("owner:%s:parcels", p.Owner), ID: fmt.Sprint("parcels:", p.ID), At: p.CreatedAt, Data: ""}}
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

func (v Voucher) Shown() []world.Shown {
	return []world.Shown{{Key: fmt.Sprintf("owner:%s:vouchers", v.Owner), ID: "vouchers:" + v.ID, At: v.CreatedAt, Data: ""}}
}

// Survey has columns that serializers write.
type Survey struct {
	ID       uint
	Owner    string
	Tags     []string `gorm:"serializer:json;type:text"`
	OpenedAt int64    `gorm:"serializer:unixtime;type:timestamp"`

	_ timakgorm.Timeline `timak:"key=owner:{Owner}:surveys; date=OpenedAt; data=Tags"`
}

func (s Survey) Shown() []world.Shown {
	tags, err := json.Marshal(s.Tags)
	if err != nil {
		panic(err)
	}
	return []world.Shown{{Key: fmt.Sprintf("owner:%s:surveys", s.Owner), ID: fmt.Sprint("surveys:", s.ID), At: time.Unix(s.OpenedAt, 0), Data: world.Object("tags", string(tags))}}
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

func (t Toy) Shown() []world.Shown {
	if t.OwnerID == nil || t.OwnerType == nil {
		return nil
	}
	return []world.Shown{{Key: fmt.Sprintf("toys:%s:%d", *t.OwnerType, *t.OwnerID), ID: fmt.Sprint("toys:", t.ID), At: t.CreatedAt, Data: world.Object("name", t.Name)}}
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

func (e Enrolment) Shown() []world.Shown {
	return []world.Shown{{Key: fmt.Sprintf("student:%d:courses", e.StudentID), ID: fmt.Sprintf("enrolments:%d,%d", e.CourseID, e.StudentID), At: e.CreatedAt, Data: ""}}
}

func (c CourseTopic) Shown() []world.Shown {
	return []world.Shown{{Key: fmt.Sprintf("topic:%d:courses", c.TopicID), ID: fmt.Sprintf("course_topics:%d,%d", c.CourseID, c.TopicID), At: c.Since, Data: ""}}
}

// Contract is locked optimistically.
type Contract struct {
	ID        uint
	Party     string
	Version   optimisticlock.Version
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=party:{Party}:contracts"`
}

func (c Contract) Shown() []world.Shown {
	return []world.Shown{{Key: fmt.Sprintf("party:%s:contracts", c.Party), ID: fmt.Sprint("contracts:", c.ID), At: c.CreatedAt, Data: ""}}
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

func (b Banner) Shown() []world.Shown {
	if b.DeletedAt != 0 {
		return nil
	}
	return []world.Shown{{Key: fmt.Sprintf("place:%s:banners", b.Place), ID: fmt.Sprint("banners:", b.ID), At: b.CreatedAt, Data: ""}}
}

func (p Poster) Shown() []world.Shown {
	if p.Gone != 0 {
		return nil
	}
	return []world.Shown{{Key: fmt.Sprintf("place:%s:posters", p.Place), ID: fmt.Sprint("posters:", p.ID), At: p.CreatedAt, Data: ""}}
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

func (f File) Shown() []world.Shown {
	var out []world.Shown
	if f.FolderID != nil {
		out = append(out, world.Shown{Key: fmt.Sprintf("folder:%d:files", *f.FolderID), ID: fmt.Sprint("files:", f.ID), At: f.CreatedAt, Data: ""})
	}
	if f.DrawerID != nil {
		out = append(out, world.Shown{Key: fmt.Sprintf("drawer:%d:files", *f.DrawerID), ID: fmt.Sprint("files:", f.ID), At: f.CreatedAt, Data: ""})
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

func (s Sign) Shown() []world.Shown {
	return []world.Shown{{Key: fmt.Sprintf("place:%s:signs", s.Place), ID: fmt.Sprint("signs:", s.ID), At: s.CreatedAt, Data: ""}}
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

func (p Price) Shown() []world.Shown {
	return []world.Shown{{Key: fmt.Sprintf("band:%s:prices", p.Band), ID: fmt.Sprint("prices:", p.ID), At: p.CreatedAt, Data: world.Object("cents", p.Cents)}}
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
	return tx.Create(&Memo{Owner: m.Owner, Title: "nested", CreatedAt: world.At(20)}).Error
}

func (m *Memo) AfterDelete(tx *gorm.DB) error {
	if m.Title == "" { // as that of a delete by Where
		return nil
	}
	return tx.Where("title = ?", "with "+m.Title).Delete(&Memo{}).Error
}

func (m Memo) Shown() []world.Shown {
	return []world.Shown{{Key: fmt.Sprintf("owner:%s:memos", m.Owner), ID: fmt.Sprint("memos:", m.ID), At: m.CreatedAt, Data: world.Object("title", m.Title)}}
}
