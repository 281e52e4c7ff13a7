package hooks_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// TestConditionsByChance: a statement that picks its rows by chance, or by the
// clock, changes as many as it says, and the timelines follow those.
func TestConditionsByChance(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect})
		for i := range 40 {
			w.Must(w.DB.Create(&world.Post{AuthorID: 1, Title: fmt.Sprint(i), Published: true, CreatedAt: world.At(i)}).Error)
		}
		const some = "id IN (SELECT id FROM posts WHERE deleted_at IS NULL ORDER BY random() LIMIT 3)"
		for name, change := range map[string]func() *gorm.DB{
			"update":      func() *gorm.DB { return w.DB.Model(&world.Post{}).Where(some).Update("author_id", 2) },
			"delete":      func() *gorm.DB { return w.DB.Where(some).Delete(&world.Post{}) },
			"delete them": func() *gorm.DB { return w.DB.Unscoped().Where(some).Delete(&world.Post{}) },
		} {
			got := change()
			w.Must(got.Error)
			if got.RowsAffected != 3 {
				t.Errorf("%s: %d rows, want 3", name, got.RowsAffected)
			}
			w.Check()
		}
	})
}

// TestLockOrder: rows are locked in the order of their keys, wherever they lie, so
// that writers of the same rows do not wait for each other crosswise.
func TestLockOrder(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.Setup{Dialect: "postgres"})
	w.Must(w.DB.Create(&[]world.Post{{ID: 1, AuthorID: 1, Published: true, CreatedAt: world.At(1)}, {ID: 2, AuthorID: 1, Published: true, CreatedAt: world.At(2)}}).Error)
	w.Must(w.DB.Model(&world.Post{ID: 1}).Update("title", "lies behind the other now").Error)
	for _, write := range map[string]func(db *gorm.DB) error{
		"update": func(db *gorm.DB) error {
			return db.Model(&world.Post{}).Where("title IS NOT NULL").Update("author_id", 2).Error
		},
		"upsert": func(db *gorm.DB) error {
			return db.Save(&[]world.Post{{ID: 1, AuthorID: 3, Published: true, CreatedAt: world.At(1)}, {ID: 2, AuthorID: 3, Published: true, CreatedAt: world.At(2)}}).Error
		},
	} {
		holder := w.Session()
		w.Script(holder, "BEGIN; SELECT 1 FROM posts WHERE id = 1 FOR UPDATE")
		done := make(chan error, 1)
		go func() { done <- write(w.DB) }()
		w.AwaitBlocked()
		w.Script(holder, "SELECT 1 FROM posts WHERE id = 2 FOR UPDATE NOWAIT", "COMMIT")
		w.Must(<-done)
		w.Check()
	}
}

// TestCascades_oneConnection: finding out about foreign keys never waits for
// somebody who waits for it.
func TestCascades_oneConnection(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.Setup{Dialect: "sqlite"})
	pool, err := w.DB.DB()
	w.Must(err)
	pool.SetMaxOpenConns(1)
	ctx, cancel := context.WithTimeout(t.Context(), world.Patience)
	defer cancel()
	tx := w.DB.WithContext(ctx).Begin()
	w.Must(tx.Error)
	outside := make(chan error, 1)
	go func() { outside <- w.DB.WithContext(ctx).Exec("DELETE FROM authors WHERE id = 99").Error }()
	w.Must(tx.Exec("DELETE FROM authors WHERE id = 98").Error)
	w.Must(tx.Commit().Error)
	if err := <-outside; err != nil {
		t.Error(err)
	}
}

// TestFollow_fails: a change that fails, or panics, in the midst of it cannot be
// committed without its timelines.
func TestFollow_fails(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		for name, end := range map[string]func() error{
			"error": func() error { return errors.New("of the user's") },
			"panic": func() error { panic("of the user's") },
		} {
			w := world.New(t, world.Setup{Dialect: dialect})
			w.Seed()
			tx := w.DB.Begin()
			err := timakgorm.Follow(tx, func(tx *gorm.DB) error {
				if err := tx.Exec("UPDATE posts SET author_id = 7 WHERE id = 10").Error; err != nil {
					return err
				}
				return end()
			}, timakgorm.Rows(&world.Post{}, "id = ?", 10))
			if err == nil {
				t.Errorf("%s: no error", name)
			}
			if err := tx.Commit().Error; err == nil {
				t.Errorf("%s: the change is committed", name)
			}
			w.Check()
		}
	})
}

// Wide has more columns in its image than a function of Postgres takes.
type Wide struct {
	ID        uint
	CreatedAt time.Time
	A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P, Q, R, S, T, U, V, W, X, Y, Z, AA, AB, AC, AD, AE,
	AF, AG, AH, AI, AJ, AK, AL, AM, AN, AO, AP, AQ, AR, AS, AT, AU, AV, AW, AX, AY, AZ, BA, BB string

	_ timakgorm.Timeline `timak:"key=wide; data=A,B,C,D,E,F,G,H,I,J,K,L,M,N,O,P,Q,R,S,T,U,V,W,X,Y,Z,AA,AB,AC,AD,AE,AF,AG,AH,AI,AJ,AK,AL,AM,AN,AO,AP,AQ,AR,AS,AT,AU,AV,AW,AX,AY,AZ,BA,BB"`
}

func TestWideImage(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect, Models: []any{&Wide{}}, Tracked: []any{&Wide{}}})
		w.Must(w.DB.Create(&Wide{A: "first", BB: "last"}).Error)
		w.WantIDs("wide", "wides:1")
	})
}
