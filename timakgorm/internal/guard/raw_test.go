package guard_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

func TestRaw_warn(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		var log bytes.Buffer
		options := &timakgorm.Options{RawSQL: timakgorm.WarnRaw, Logger: slog.New(slog.NewTextHandler(&log, nil))}
		w := world.New(t, world.Setup{Dialect: dialect, Options: options})
		w.Seed()
		log.Reset()
		w.Must(w.DB.Exec("UPDATE authors SET name = ''").Error)
		if log.Len() > 0 {
			t.Errorf("a table that is not tracked: got the log %q", log.String())
		}
		w.Must(w.DB.Exec("UPDATE posts SET title = 'raw' WHERE id = ?", 10).Error)
		var post world.Post
		w.Must(w.DB.First(&post, 10).Error)
		if post.Title != "raw" {
			t.Errorf("got title %q, want %q", post.Title, "raw")
		}
		for _, want := range []string{"level=WARN", "table=posts"} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("got the log %q, want %q in it", log.String(), want)
			}
		}
	})
}

// Every way that GORM has for SQL of one's own.
func TestRaw_refused(t *testing.T) {
	t.Parallel()
	const sql = "DELETE FROM posts WHERE id = 10"
	ways := map[string]func(db *gorm.DB) error{
		"Exec": func(db *gorm.DB) error { return db.Exec(sql).Error },
		"Exec named": func(db *gorm.DB) error {
			return db.Exec("DELETE FROM posts WHERE id = @id", map[string]any{"id": 10}).Error
		},
		"Raw, Scan":  func(db *gorm.DB) error { return db.Raw(sql + " RETURNING id").Scan(new(uint)).Error },
		"Raw, Find":  func(db *gorm.DB) error { return db.Raw(sql + " RETURNING *").Find(&[]world.Post{}).Error },
		"Raw, First": func(db *gorm.DB) error { return db.Raw(sql + " RETURNING *").First(&world.Post{}).Error },
		"Raw, Rows": func(db *gorm.DB) error {
			rows, err := db.Raw(sql + " RETURNING id").Rows()
			if err != nil {
				return err
			}
			defer func() { _ = rows.Close() }()
			return rows.Err()
		},
		"Raw, Pluck":    func(db *gorm.DB) error { return db.Raw(sql+" RETURNING id").Pluck("id", &[]uint{}).Error },
		"generics":      func(db *gorm.DB) error { return gorm.G[world.Post](db).Exec(db.Statement.Context, sql) },
		"transaction":   func(db *gorm.DB) error { return db.Transaction(func(tx *gorm.DB) error { return tx.Exec(sql).Error }) },
		"Model":         func(db *gorm.DB) error { return db.Model(&world.Author{}).Exec(sql).Error },
		"Raw, subquery": func(db *gorm.DB) error { return db.Exec("?", gorm.Expr(sql)).Error },
	}
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect})
		w.Seed()
		for name, way := range ways {
			if err := way(w.DB); !errors.Is(err, timakgorm.ErrUncaptured) {
				t.Errorf("%s: got %v, want ErrUncaptured", name, err)
			}
		}
		w.Check()
		w.Must(w.DB.Session(&gorm.Session{DryRun: true}).Exec(sql).Error)
		var n int64
		w.Must(w.DB.Raw("SELECT count(*) FROM posts WHERE id = 10").Scan(&n).Error)
		if n != 1 {
			t.Error("the post is gone")
		}
	})
}

// Grown is the model of posts after some work on the application: a new column
// that a rule names, another without a default, one of another type.
type Grown struct {
	ID        uint
	AuthorID  uint
	Title     string `gorm:"not null;default:'';size:200"`
	Body      string `gorm:"size:4000"`
	Published bool
	Pinned    bool
	Rating    *int64
	CreatedAt time.Time
	UpdatedAt time.Time
	DeletedAt gorm.DeletedAt `gorm:"index"`

	_ timakgorm.Timeline `timak:"key=author:{AuthorID}:posts; when=Published; data=Title"`
	_ timakgorm.Timeline `timak:"key=pinned; when=Pinned"`
}

func (Grown) TableName() string { return "posts" }

// An application migrates its tables at its start, before db.Use or after it.
func TestAutoMigrate(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect, Tracked: []any{&Grown{}}, Models: []any{&world.Author{}}})
		type Post struct { // as it was
			ID        uint
			AuthorID  uint
			Title     string
			Body      string
			Published bool
			CreatedAt time.Time
			UpdatedAt time.Time
			DeletedAt gorm.DeletedAt
		}
		w.Must(w.DB.AutoMigrate(&Post{}))
		w.Must(w.DB.AutoMigrate(&Grown{}))
		w.Must(w.DB.Create(&Grown{AuthorID: 1, Published: true, Pinned: true, CreatedAt: world.At(1)}).Error)
		w.WantIDs("pinned", "posts:1")
		migrator := w.DB.Migrator()
		w.Must(errors.Join(
			migrator.AlterColumn(&Grown{}, "Title"), migrator.DropColumn(&Grown{}, "Rating"), migrator.AddColumn(&Grown{}, "Rating"),
			migrator.RenameColumn(&Grown{}, "rating", "stars"),
		))
		w.Must(w.DB.Model(&Grown{ID: 1}).Updates(map[string]any{"author_id": 2, "pinned": false}).Error)
		w.WantIDs("pinned")
		w.WantIDs("author:2:posts", "posts:1")
		w.WantIDs("author:1:posts")
		if n := w.Dead(); n > 0 {
			t.Errorf("%d dead letters", n)
		}
	})
}

// TestRawSQL_escaped: Postgres takes a table and a verb written in other
// characters.
func TestRawSQL_escaped(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.Setup{Dialect: "postgres"})
	w.Seed()
	w.Drain()
	for _, sql := range []string{
		"-- note\rUPDATE posts SET author_id = 2 WHERE id = 10",
		`UPDATE U&"p\006fsts" SET author_id = 2 WHERE id = 10`,
		`UPDATE U&"p!006fsts" UESCAPE '!' SET author_id = 2 WHERE id = 10`,
		`DO $$ BEGIN EXECUTE E'UPDATE p\x6fsts SET author_id = 2 WHERE id = 10'; END $$`,
		`DO E'BEGIN \u0055PDATE p\157sts SET author_id = 2 WHERE id = 10; END'`,
		`DO U&'BEGIN UPDATE p\006fsts SET author_id = 2 WHERE id = 10; END'`,
		"DO 'BEGIN UPD'\n'ATE posts SET author_id = 2 WHERE id = 10; END'",
	} {
		if err := w.DB.Exec(sql).Error; !errors.Is(err, timakgorm.ErrUncaptured) {
			t.Errorf("%q: got %v, want ErrUncaptured", sql, err)
		}
	}
	w.Check()
}
