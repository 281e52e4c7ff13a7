package hooks_test

import (
	"fmt"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// Ticket has unique columns whose values the database changes as it writes them.
type Ticket struct {
	ID        uint
	Slug      string    `gorm:"uniqueIndex"`
	Day       time.Time `gorm:"precision:3;uniqueIndex:tickets_day"`
	Price     string    `gorm:"type:numeric(10,2);uniqueIndex:tickets_price"`
	Owner     string
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=owner:{Owner}:tickets"`
}

func ticket(i int, owner string) Ticket {
	return Ticket{
		Slug: fmt.Sprintf("Slug%d", i), Day: world.At(i).Add(123456789), Price: fmt.Sprintf("%d.005", i), Owner: owner, CreatedAt: world.At(i),
	}
}

// TestUpsert_changedValues: an upsert meets rows by values that the database
// changes: it is followed as any other.
func TestUpsert_changedValues(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.Setup{Dialect: "postgres", Models: []any{&Ticket{}}, Tracked: []any{&Ticket{}}})
	w.Must(w.DB.Exec("CREATE FUNCTION low() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.slug = lower(NEW.slug); RETURN NEW; END $$").Error)
	w.Must(w.DB.Exec("CREATE TRIGGER low BEFORE INSERT ON tickets FOR EACH ROW EXECUTE FUNCTION low()").Error)
	const many = 14 // more than an upsert is tried
	fill := func() {
		w.Must(w.DB.Where("1 = 1").Delete(&Ticket{}).Error)
		for i := range many {
			w.Must(w.DB.Create(new(ticket(i, "ann"))).Error)
		}
	}
	// Values that differ from those of each other row, in all but a column.
	as := func(i int, column string) Ticket {
		made, old := ticket(i+100, "bob"), ticket(i, "")
		switch column {
		case "slug":
			made.Slug = old.Slug
		case "day":
			made.Day = old.Day
		case "price":
			made.Price = old.Price
		}
		return made
	}
	for _, column := range []string{"slug", "day", "price"} {
		for _, sets := range [][]string{{"owner"}, {"owner", "id"}} {
			name := fmt.Sprint(column, " that sets ", sets)
			up := func(db *gorm.DB) *gorm.DB { return db.Clauses(world.Setting(world.OnConflict(column), sets...)) }
			fill()
			one := as(3, column)
			one.ID = 1003
			w.Must(up(w.DB).Create(&one).Error)
			wantOwned(w, name+", one", 1)

			fill()
			w.Must(w.DB.Transaction(func(tx *gorm.DB) error {
				return up(tx).Create(&[]Ticket{as(3, column), ticket(200, "bob"), as(5, column)}).Error
			}))
			wantOwned(w, name+", some", 3)
			if len(sets) > 1 {
				continue // the key of each is learnt from its own attempt
			}
			fill()
			var all []Ticket
			for i := range many {
				all = append(all, as(i, column))
			}
			w.Must(up(w.DB).Create(&all).Error)
			wantOwned(w, name+", all", many)
		}
	}
}

// wantOwned compares the tickets with their timelines, and how many bob has.
func wantOwned(w *world.World, name string, want int) {
	w.Helper()
	w.Drain()
	w.WantDifferences()
	if got := len(w.IDs("owner:bob:tickets")); got != want {
		w.Errorf("%s: bob has %d tickets, want %d", name, got, want)
	}
	if w.Failed() {
		w.Fatalf("after %s", name)
	}
}
