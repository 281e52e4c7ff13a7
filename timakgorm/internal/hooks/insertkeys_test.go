package hooks_test

import (
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// Coupon has a key that a trigger makes, and GORM knows nothing of it.
type Coupon struct {
	ID        string `gorm:"primaryKey"`
	Owner     string
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=owner:{Owner}:coupons"`
}

// couponKeys makes keys that are missing, and is a trigger of a table.
func couponKeys(w *world.World, db *gorm.DB, table string) {
	w.Helper()
	for _, statement := range []string{
		"CREATE SEQUENCE coupon_ids",
		"CREATE FUNCTION coupon_key() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.id = '' THEN NEW.id = 'k' || nextval('coupon_ids'); END IF; RETURN NEW; END $$",
		"CREATE TRIGGER coupon_key BEFORE INSERT ON " + table + " FOR EACH ROW EXECUTE FUNCTION coupon_key()",
	} {
		w.Must(db.Exec(statement).Error)
	}
}

// TestInsert_keysOfTriggers: a trigger gives rows their keys, as Postgres writes
// them.
func TestInsert_keysOfTriggers(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]gorm.Config{"": {}, "prepared": {PrepareStmt: true}, "no default transaction": {SkipDefaultTransaction: true}} {
		w := world.New(t, world.Setup{Dialect: "postgres", Models: []any{&Coupon{}}, Tracked: []any{&Coupon{}}, Config: &config})
		w.Must(w.DB.Create(&Coupon{ID: "before", Owner: "ann", CreatedAt: world.At(1)}).Error)
		couponKeys(w, w.DB, "coupons")
		got := w.DB.Create(&Coupon{Owner: "ann", CreatedAt: world.At(2)})
		if got.Error != nil || got.RowsAffected != 1 {
			t.Errorf("%s: %d rows, %v; want 1", name, got.RowsAffected, got.Error)
		}
		got = w.DB.Create(&[]Coupon{{ID: "given", Owner: "ann", CreatedAt: world.At(3)}, {Owner: "ann", CreatedAt: world.At(4)}})
		if got.Error != nil || got.RowsAffected != 2 {
			t.Errorf("%s: %d rows, %v; want 2", name, got.RowsAffected, got.Error)
		}
		w.WantIDs("owner:ann:coupons", "coupons:k2", "coupons:given", "coupons:k1", "coupons:before")
	}
}

// TestInsert_keysOfTriggers_own: the trigger is of the transaction itself, whose
// rows go with it.
func TestInsert_keysOfTriggers_own(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.Setup{Dialect: "postgres", Models: []any{&Coupon{}}, Tracked: []any{&Coupon{}}})
	w.Must(w.DB.Create(&Coupon{ID: "before", Owner: "ann", CreatedAt: world.At(1)}).Error)
	tx := w.DB.Begin()
	couponKeys(w, tx, "coupons")
	w.Must(tx.Create(&Coupon{Owner: "ann", CreatedAt: world.At(2)}).Error)
	w.Must(tx.Rollback().Error)
	w.Must(w.DB.Create(&Coupon{Owner: "ann", CreatedAt: world.At(3)}).Error)
	w.Must(w.DB.Transaction(func(tx *gorm.DB) error {
		couponKeys(w, tx, "coupons")
		w.Must(tx.Where("id = ?", "").Delete(&Coupon{}).Error)
		return tx.Create(&Coupon{Owner: "ann", CreatedAt: world.At(4)}).Error
	}))
	w.WantIDs("owner:ann:coupons", "coupons:k1", "coupons:before")
}

// TestInsert_keysOfTriggers_partition: the trigger is a partition's.
func TestInsert_keysOfTriggers_partition(t *testing.T) {
	t.Parallel()
	dsn := world.NewDSN(t, "postgres")
	plain := world.OpenDSN(t, "postgres", dsn, nil)
	for _, statement := range []string{
		"CREATE TABLE coupons (id text, owner text, created_at timestamptz) PARTITION BY LIST (owner)",
		"CREATE TABLE coupons_ann PARTITION OF coupons FOR VALUES IN ('ann')",
	} {
		if err := plain.Exec(statement).Error; err != nil {
			t.Fatal(err)
		}
	}
	w := world.New(t, world.Setup{Dialect: "postgres", DSN: dsn, Models: []any{}, Tracked: []any{&Coupon{}}})
	couponKeys(w, w.DB, "coupons_ann")
	w.Must(w.DB.Create(&Coupon{Owner: "ann", CreatedAt: world.At(2)}).Error)
	w.WantIDs("owner:ann:coupons", "coupons:k1")
}
