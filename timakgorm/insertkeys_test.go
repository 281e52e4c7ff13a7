package timakgorm_test

import (
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm"
)

// Coupon has a key that a trigger makes, and GORM knows nothing of it.
type Coupon struct {
	ID        string `gorm:"primaryKey"`
	Owner     string
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=owner:{Owner}:coupons"`
}

// couponKeys makes keys that are missing, and is a trigger of a table.
func couponKeys(w *world, db *gorm.DB, table string) {
	w.Helper()
	for _, statement := range []string{
		"CREATE SEQUENCE coupon_ids",
		"CREATE FUNCTION coupon_key() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.id = '' THEN NEW.id = 'k' || nextval('coupon_ids'); END IF; RETURN NEW; END $$",
		"CREATE TRIGGER coupon_key BEFORE INSERT ON " + table + " FOR EACH ROW EXECUTE FUNCTION coupon_key()",
	} {
		w.must(db.Exec(statement).Error)
	}
}

// TestInsert_keysOfTriggers: a trigger gives rows their keys, as Postgres writes
// them.
func TestInsert_keysOfTriggers(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]gorm.Config{"": {}, "prepared": {PrepareStmt: true}, "no default transaction": {SkipDefaultTransaction: true}} {
		w := newWorld(t, setup{dialect: "postgres", models: []any{&Coupon{}}, tracked: []any{&Coupon{}}, config: &config})
		w.must(w.db.Create(&Coupon{ID: "before", Owner: "ann", CreatedAt: at(1)}).Error)
		couponKeys(w, w.db, "coupons")
		got := w.db.Create(&Coupon{Owner: "ann", CreatedAt: at(2)})
		if got.Error != nil || got.RowsAffected != 1 {
			t.Errorf("%s: %d rows, %v; want 1", name, got.RowsAffected, got.Error)
		}
		got = w.db.Create(&[]Coupon{{ID: "given", Owner: "ann", CreatedAt: at(3)}, {Owner: "ann", CreatedAt: at(4)}})
		if got.Error != nil || got.RowsAffected != 2 {
			t.Errorf("%s: %d rows, %v; want 2", name, got.RowsAffected, got.Error)
		}
		w.wantIDs("owner:ann:coupons", "coupons:k2", "coupons:given", "coupons:k1", "coupons:before")
	}
}

// TestInsert_keysOfTriggers_own: the trigger is of the transaction itself, whose
// rows go with it.
func TestInsert_keysOfTriggers_own(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{dialect: "postgres", models: []any{&Coupon{}}, tracked: []any{&Coupon{}}})
	w.must(w.db.Create(&Coupon{ID: "before", Owner: "ann", CreatedAt: at(1)}).Error)
	tx := w.db.Begin()
	couponKeys(w, tx, "coupons")
	w.must(tx.Create(&Coupon{Owner: "ann", CreatedAt: at(2)}).Error)
	w.must(tx.Rollback().Error)
	w.must(w.db.Create(&Coupon{Owner: "ann", CreatedAt: at(3)}).Error)
	w.must(w.db.Transaction(func(tx *gorm.DB) error {
		couponKeys(w, tx, "coupons")
		w.must(tx.Where("id = ?", "").Delete(&Coupon{}).Error)
		return tx.Create(&Coupon{Owner: "ann", CreatedAt: at(4)}).Error
	}))
	w.wantIDs("owner:ann:coupons", "coupons:k1", "coupons:before")
}

// TestInsert_keysOfTriggers_partition: the trigger is a partition's.
func TestInsert_keysOfTriggers_partition(t *testing.T) {
	t.Parallel()
	dsn := newDSN(t, "postgres")
	plain := openDSN(t, "postgres", dsn, nil)
	for _, statement := range []string{
		"CREATE TABLE coupons (id text, owner text, created_at timestamptz) PARTITION BY LIST (owner)",
		"CREATE TABLE coupons_ann PARTITION OF coupons FOR VALUES IN ('ann')",
	} {
		if err := plain.Exec(statement).Error; err != nil {
			t.Fatal(err)
		}
	}
	w := newWorld(t, setup{dialect: "postgres", dsn: dsn, models: []any{}, tracked: []any{&Coupon{}}})
	couponKeys(w, w.db, "coupons_ann")
	w.must(w.db.Create(&Coupon{Owner: "ann", CreatedAt: at(2)}).Error)
	w.wantIDs("owner:ann:coupons", "coupons:k1")
}
