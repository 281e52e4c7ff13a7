package beyond_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// Deed is published by its owner, whatever type the column has.
type Deed struct {
	ID        uint
	Owner     string
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"audience=deeds; source=owner:{Owner}"`
}

// Claim subscribes to an owner, who may be none that the column can hold.
type Claim struct {
	ID    uint
	Owner string

	_ timakgorm.Subscription `timak:"audience=deeds; key=deeds; source=owner:{Owner}; max=2"`
}

// TestPage_sourceTypes: the rows of several sources are found by columns of any type.
func TestPage_sourceTypes(t *testing.T) {
	t.Parallel()
	owners := []string{"1b4e28ba-2fa1-11d2-883f-0016d3cca427", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"}
	for _, columnType := range []string{"text", "varchar(40)", "char(36)", "uuid", "owner"} {
		t.Run(columnType, func(t *testing.T) {
			t.Parallel()
			dsn := world.NewDSN(t, "postgres")
			plain := world.OpenDSN(t, "postgres", dsn, nil)
			for _, statement := range []string{
				fmt.Sprintf("CREATE TYPE owner AS ENUM ('%s', '%s')", owners[0], owners[1]),
				"CREATE TABLE deeds (id bigserial PRIMARY KEY, owner " + columnType + ", created_at timestamptz)",
			} {
				if err := plain.Exec(statement).Error; err != nil {
					t.Fatal(err)
				}
			}
			w := world.New(t, world.Setup{Dialect: "postgres", DSN: dsn, Models: []any{&Claim{}}, Tracked: []any{&Deed{}, &Claim{}}})
			w.Must(w.DB.Create(&[]Claim{{Owner: owners[0]}, {Owner: owners[1]}, {Owner: "nobody"}}).Error)
			w.Drain()
			var want []string
			for n := range 7 {
				w.Must(w.DB.Create(&Deed{Owner: owners[n%2], CreatedAt: world.At(n)}).Error)
				want = append(want, fmt.Sprint("deeds:", 7-n))
			}
			w.Drain()
			wantOrder(w, "deeds", want...)
		})
	}
}
