package world

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm"
)

// Event is a narrow row, of which a statement can take thousands.
type Event struct {
	ID       uint
	StreamID uint
	At       int64

	_ timakgorm.Timeline `timak:"key=stream:{StreamID}; date=At"`
}

// Streams is how many streams events are dealt out to.
const Streams = 40

// NewEvents returns n events, dealt out to the streams.
func NewEvents(n int) []Event {
	events := make([]Event, n)
	for i := range events {
		events[i] = Event{StreamID: uint(i % Streams), At: int64(i)}
	}
	return events
}

// EventWorld tracks events, in a store that can be made to fail.
func EventWorld(t testing.TB, dialect string, options *timakgorm.Options) (*World, *Faulty) {
	t.Helper()
	store := NewFaulty()
	return New(t, Setup{
		Dialect: dialect, Store: store, Options: options, Models: []any{&Event{}}, Tracked: []any{&Event{}},
	}), store
}

// Note is a model whose newer version has a rule that names another column.
type Note struct {
	ID        uint
	Topic     string
	Owner     string
	CreatedAt time.Time
}

// Shown is an item, and the timeline that it lies on.
type Shown struct {
	Key, ID string
	At      time.Time
	Data    string
}

// Shower tells the items of a row, if there are any. That is written by
// hand beside each model, so that tests do not ask the rules what the rules
// should do.
type Shower interface{ Shown() []Shown }

// PostRow is a row of posts whose author and title may be NULL.
type PostRow struct {
	ID        uint
	AuthorID  *uint
	Title     *string
	Published bool
	CreatedAt time.Time
	DeletedAt gorm.DeletedAt
}

// TableName implements schema.Tabler.
func (PostRow) TableName() string { return "posts" }

// Shown implements Shower.
func (p PostRow) Shown() []Shown {
	if !p.Published || p.DeletedAt.Valid {
		return nil
	}
	id := fmt.Sprint("posts:", p.ID)
	out := []Shown{{"site:posts", id, p.CreatedAt, ""}}
	if p.AuthorID != nil {
		out = append(out, Shown{fmt.Sprintf("author:%d:posts", *p.AuthorID), id, p.CreatedAt, Object("title", p.Title)})
	}
	return out
}

// Shown implements Shower.
func (p Post) Shown() []Shown {
	return PostRow{ID: p.ID, AuthorID: &p.AuthorID, Title: &p.Title, Published: p.Published, CreatedAt: p.CreatedAt, DeletedAt: p.DeletedAt}.Shown()
}

// Object is the JSON of names and values in turn.
func Object(pairs ...any) string {
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

// Shown implements Shower.
func (r Remark) Shown() []Shown {
	return []Shown{{fmt.Sprintf("post:%d:remarks", r.PostID), fmt.Sprint("remarks:", r.ID), r.CreatedAt, Object("text", r.Text)}}
}

// Seat has a primary key of two columns.
type Seat struct {
	RoomID    uint `gorm:"primaryKey;autoIncrement:false"`
	Number    uint `gorm:"primaryKey;autoIncrement:false"`
	Holder    string
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=holder:{Holder}:seats"`
}

// Shown implements Shower.
func (s Seat) Shown() []Shown {
	return []Shown{{fmt.Sprintf("holder:%s:seats", s.Holder), fmt.Sprintf("seats:%d,%d", s.RoomID, s.Number), s.CreatedAt, ""}}
}

// Leaflet has a text for its primary key.
type Leaflet struct {
	Slug      string `gorm:"primaryKey"`
	Section   string
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=section:{Section}:leaflets; data=Section"`
}

// Shown implements Shower.
func (l Leaflet) Shown() []Shown {
	escape := strings.NewReplacer(",", "%2C", ":", "%3A", " ", "%20").Replace
	return []Shown{{fmt.Sprintf("section:%s:leaflets", escape(l.Section)), "leaflets:" + escape(l.Slug), l.CreatedAt, Object("section", l.Section)}}
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

// Shown implements Shower.
func (l Listing) Shown() []Shown {
	if !l.Active || l.Shop == nil {
		return nil
	}
	return []Shown{{fmt.Sprintf("shop:%d:listings", *l.Shop), fmt.Sprint("listings:", l.ID), l.CreatedAt, Object("title", l.Title, "stock", l.Stock)}}
}

// Shown implements Shower.
func (g Gadget) Shown() []Shown {
	if g.DeletedAt.Valid {
		return nil
	}
	id := fmt.Sprint("gadgets:", g.ID)
	var out []Shown
	if g.Owned != nil {
		out = append(out, Shown{fmt.Sprintf("owner:%d:things", g.OwnerID), id, g.CreatedAt, ""})
	}
	if g.Stamp.Live {
		out = append(out, Shown{"live:things", id, g.Stamp.SentAt, Object("stamp_sent", g.Stamp.SentAt.UTC().Format(time.RFC3339Nano))})
	}
	return out
}

// Owned and Stamped carry rules that the models which embed them have as well.
type Owned struct {
	OwnerID uint

	_ timakgorm.Timeline `timak:"key=owner:{OwnerID}:things"`
}

// Stamped is embedded for its times.
type Stamped struct {
	Live   bool
	SentAt time.Time `gorm:"column:sent"`

	_ timakgorm.Timeline `timak:"key=live:things; when=Live; date=SentAt; data=SentAt"`
}

// Gadget embeds structs, with and without a prefix.
type Gadget struct {
	gorm.Model
	*Owned

	Stamp Stamped `gorm:"embedded;embeddedPrefix:stamp_"`
}

// Slot is a row whose item's id is not its primary key: rows hand it on to one
// another.
type Slot struct {
	ID        uint
	Place     int
	Title     string
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=slots; id=place:{Place}; data=Title"`
}

// CheckSlots drains and compares the timeline with the table.
func (w *World) CheckSlots() {
	w.Helper()
	w.Drain()
	var slots []Slot
	w.Must(w.DB.Find(&slots).Error)
	var want, got []string
	for _, slot := range slots {
		want = append(want, fmt.Sprintf(`place:%d {"title":%q}`, slot.Place, slot.Title))
	}
	timeline, err := w.Timelines.Get(w.Context(), "slots")
	w.Must(err)
	for _, item := range timeline.Items() {
		got = append(got, fmt.Sprintf("%s %s", item.ID, item.Data))
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		w.Fatalf("slots (-table +timeline):\n%s", diff)
	}
}
