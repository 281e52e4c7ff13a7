package endtoend_test

import (
	"reflect"
	"slices"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// naive is what one writes first, and what Django's post_save and post_delete
// become in GORM: callbacks that look at the value which was saved or deleted,
// and put its items on the timelines or take them off. It is done with care: it
// waits for the commit of GORM's own transaction, leaves failed statements and
// those that changed no row alone, follows slices, and honours SkipHooks.
type naive struct {
	timelines *timak.Timelines
}

func installNaive(w *world.World, _ *timakgorm.Options) error { return w.DB.Use(&naive{w.Timelines}) }

func (n *naive) Name() string { return "naive" }

func (n *naive) Initialize(db *gorm.DB) error {
	const commit = "gorm:commit_or_rollback_transaction"
	on := db.Callback()
	for _, register := range []error{
		on.Create().After(commit).Register("naive:after_create", n.after(n.put)),
		on.Update().After(commit).Register("naive:after_update", n.after(n.put)),
		on.Delete().After(commit).Register("naive:after_delete", n.after(n.remove)),
	} {
		if register != nil {
			return register
		}
	}
	return nil
}

func (n *naive) after(handle func(db *gorm.DB, row world.Shower) error) func(*gorm.DB) {
	return func(db *gorm.DB) {
		st := db.Statement
		if db.Error != nil || db.DryRun || st.Schema == nil || st.SkipHooks || db.RowsAffected == 0 {
			return
		}
		eachRow(st.ReflectValue, func(row world.Shower) {
			if err := handle(db, row); err != nil {
				_ = db.AddError(err)
			}
		})
	}
}

func (n *naive) put(db *gorm.DB, row world.Shower) error {
	showing := row.Shown()
	for _, s := range visible(row).Shown() {
		op := timak.Remove(s.ID)
		if slices.Contains(showing, s) {
			op = timak.Put(timak.Item{ID: s.ID, At: s.At, Data: []byte(s.Data)})
		}
		if _, err := n.timelines.Apply(db.Statement.Context, s.Key, op); err != nil {
			return err
		}
	}
	return nil
}

func (n *naive) remove(db *gorm.DB, row world.Shower) error {
	for _, s := range visible(row).Shown() {
		if _, err := n.timelines.Apply(db.Statement.Context, s.Key, timak.Remove(s.ID)); err != nil {
			return err
		}
	}
	return nil
}

// visible returns a row as it was when it showed: a hidden post had the same
// items when it was published.
func visible(row world.Shower) world.Shower {
	switch r := row.(type) {
	case world.Post:
		r.Published, r.DeletedAt = true, gorm.DeletedAt{}
		return r
	case world.Listing:
		r.Active = true
		return r
	case world.Gadget:
		r.DeletedAt, r.Stamp.Live = gorm.DeletedAt{}, true
		return r
	case Banner:
		r.DeletedAt = 0
		return r
	case Poster:
		r.Gone = 0
		return r
	default:
		return row
	}
}

// eachRow visits the rows in a struct, pointer, slice or array.
func eachRow(v reflect.Value, visit func(world.Shower)) {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			eachRow(v.Index(i), visit)
		}
	case reflect.Struct:
		if row, ok := reflect.TypeAssert[world.Shower](v); ok {
			visit(row)
		}
	default: // a map: no row to be seen
	}
}
