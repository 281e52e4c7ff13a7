package endtoend_test

import (
	"testing"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// Card is a row without soft delete, which has a number in its shop.
type Card struct {
	ID        uint
	Shop      string `gorm:"uniqueIndex:card_number"`
	Number    int    `gorm:"uniqueIndex:card_number"`
	Title     string
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=shop:{Shop}:cards; data=Title"`
}

func newCards(n, from int) []Card {
	cards := make([]Card, n)
	for i := range cards {
		cards[i] = Card{Shop: "a", Number: from + i, Title: "new", CreatedAt: world.At(i)}
	}
	return cards
}

// tripSteps are statements that carry their own record. Each is about cards or posts that
// have been made before it, numbered from a thousand times the round.
var tripSteps = []struct {
	name string
	run  func(db *gorm.DB, round int, cards []Card, posts []world.Post) error
}{
	{"create", func(db *gorm.DB, n int, _ []Card, _ []world.Post) error {
		return db.Create(&newCards(1, 1000*n+500)[0]).Error
	}},
	{"create of 10", func(db *gorm.DB, n int, _ []Card, _ []world.Post) error {
		cards := newCards(10, 1000*n+500)
		return db.Create(&cards).Error
	}},
	{"create with keys", func(db *gorm.DB, n int, _ []Card, _ []world.Post) error {
		cards := newCards(2, 1000*n+500)
		cards[0].ID, cards[1].ID = uint(1_000_000+n), uint(2_000_000+n)
		return db.Create(&cards).Error
	}},
	{"create or nothing", func(db *gorm.DB, n int, cards []Card, _ []world.Post) error {
		again := append(newCards(2, 1000*n+500), Card{Shop: "a", Number: cards[0].Number})
		return db.Clauses(clause.OnConflict{DoNothing: true}).Create(&again).Error
	}},
	{"upsert that inserts", func(db *gorm.DB, n int, _ []Card, _ []world.Post) error { return upsertCard(db, 1000*n+500) }},
	{"upsert that updates", func(db *gorm.DB, _ int, cards []Card, _ []world.Post) error { return upsertCard(db, cards[0].Number) }},
	{"update", func(db *gorm.DB, _ int, cards []Card, _ []world.Post) error {
		return db.Model(&cards[0]).Update("shop", "b").Error
	}},
	{"update, returning", func(db *gorm.DB, _ int, cards []Card, _ []world.Post) error {
		return db.Model(&cards[0]).Clauses(clause.Returning{}).Update("shop", "b").Error
	}},
	{"update, returning a column", func(db *gorm.DB, _ int, cards []Card, _ []world.Post) error {
		return db.Model(&cards[0]).Clauses(clause.Returning{Columns: []clause.Column{{Name: "title"}}}).Update("shop", "b").Error
	}},
	{"update beside the images", func(db *gorm.DB, _ int, _ []Card, posts []world.Post) error {
		return db.Model(&posts[0]).Update("body", "b").Error
	}},
	{"update of 10 by a condition", func(db *gorm.DB, n int, _ []Card, _ []world.Post) error {
		return db.Model(&Card{}).Where("number BETWEEN ? AND ?", 1000*n, 1000*n+9).Update("shop", "b").Error
	}},
	{"save", func(db *gorm.DB, _ int, cards []Card, _ []world.Post) error {
		cards[0].Shop = "b"
		return db.Save(&cards[0]).Error
	}},
	{"delete", func(db *gorm.DB, _ int, cards []Card, _ []world.Post) error { return db.Delete(&cards[0]).Error }},
	{"delete by a condition", func(db *gorm.DB, n int, _ []Card, _ []world.Post) error {
		return db.Where("number BETWEEN ? AND ?", 1000*n, 1000*n+9).Delete(&Card{}).Error
	}},
	{"soft delete", func(db *gorm.DB, _ int, _ []Card, posts []world.Post) error { return db.Delete(&posts[0]).Error }},
	{"restore", func(db *gorm.DB, _ int, _ []Card, posts []world.Post) error {
		return db.Unscoped().Model(&posts[0]).Update("deleted_at", nil).Error
	}},
}

func upsertCard(db *gorm.DB, number int) error {
	card := newCards(1, number)[0]
	return db.Clauses(clause.OnConflict{
		Columns: []clause.Column{{Name: "shop"}, {Name: "number"}}, DoUpdates: clause.AssignmentColumns([]string{"title", "created_at"}),
	}).Create(&card).Error
}

// TestTrips: a statement that carries its own record makes as many round trips as without
// the plugin, and its timelines follow.
func TestTrips(t *testing.T) {
	t.Parallel()
	for name, prepared := range map[string]bool{"": false, "prepared": true} {
		models := []any{&Card{}, &world.Post{}}
		plain := world.NewNetwork(t, world.NewDSN(t, "postgres"), 0)
		tracked := world.NewNetwork(t, world.NewDSN(t, "postgres"), 0)
		without := world.OpenDSN(t, "postgres", plain.DSN, &gorm.Config{PrepareStmt: prepared})
		w := world.New(t, world.Setup{Dialect: "postgres", DSN: tracked.DSN, Config: &gorm.Config{PrepareStmt: prepared}, Models: models, Tracked: models})
		w.Must(without.AutoMigrate(models...))
		for _, db := range []*gorm.DB{w.DB, without} { // a foreign key has triggers of the database's own
			w.Must(db.Exec("CREATE TABLE shops (name text PRIMARY KEY)").Error)
			w.Must(db.Exec("INSERT INTO shops VALUES ('a'), ('b')").Error)
			w.Must(db.Exec("ALTER TABLE cards ADD FOREIGN KEY (shop) REFERENCES shops (name)").Error)
		}
		for _, step := range tripSteps {
			for mode, within := range map[string]func(db *gorm.DB, f func(*gorm.DB) error) error{
				"": func(db *gorm.DB, f func(*gorm.DB) error) error { return f(db) },
				"in a transaction": func(db *gorm.DB, f func(*gorm.DB) error) error {
					return db.Transaction(f)
				},
			} {
				count := func(db *gorm.DB, way *world.Network) (trips int64) {
					for round := range 2 { // at first, statements are prepared
						cards, posts := newCards(10, 1000*round), []world.Post{{AuthorID: 1, Published: true}}
						w.Must(db.Create(&cards).Error)
						w.Must(db.Create(&posts).Error)
						before := way.Trips()
						w.Must(within(db, func(db *gorm.DB) error { return step.run(db, round, cards, posts) }))
						trips = way.Trips() - before
					}
					w.Must(db.Where("true").Delete(&Card{}).Error)
					return trips
				}
				if got, want := count(w.DB, tracked), count(without, plain); got != want {
					t.Errorf("%s, %s, %s: %d round trips, and %d without the plugin", step.name, mode, name, got, want)
				}
			}
		}
		w.Drain()
		report, err := w.Plugin.Verify(w.Context(), timakgorm.VerifyOptions{})
		w.Must(err)
		if !report.Clean() {
			t.Errorf("%s: %v", name, report.Differences)
		}
	}
}
