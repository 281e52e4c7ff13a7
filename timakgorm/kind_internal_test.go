package timakgorm

import (
	"database/sql"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/schema"
)

// The kind of a column is what the Go field holds, unless the model states
// another type for it.
func TestKindOf(t *testing.T) {
	t.Parallel()
	type Model struct {
		Bool       bool         `want:"bool"`
		BoolStated bool         `want:"bool" gorm:"type:boolean"`
		BoolNumber *bool        `want:"bool" gorm:"type:numeric(1)"`
		BoolNull   sql.NullBool `want:"bool"`
		Int        int8         `want:"int"`
		Uint       *uint64      `want:"uint" gorm:"type:bigint"`
		IntTime    int64        `want:"time" gorm:"serializer:unixtime;type:time"`
		Float      float32      `want:"float" gorm:"type:numeric(5,2)"`
		Time       time.Time    `want:"time"`
		TimeStated *time.Time   `want:"time" gorm:"type:TIMESTAMP WITH TIME ZONE"`
		TimeText   time.Time    `want:"time" gorm:"type:text"`
		TimeNull   sql.NullTime `want:"time" gorm:"type:date"`
		Text       string       `want:"string"`
		TextStated string       `want:"string" gorm:"type:VARCHAR(20)"`
		TextEnum   string       `want:"string" gorm:"type:mood"`
		TextTime   string       `want:"time" gorm:"type:timestamptz"`
		TextRange  string       `want:"string" gorm:"type:daterange"`
		TextRanges string       `want:"string" gorm:"type:datemultirange"`
		TextDomain string       `want:"string" gorm:"type:realm"`
		TextZone   string       `want:"time" gorm:"type:timestamp(3) with time zone"`
		TextZones  []byte       `want:"time" gorm:"type:timestamptz(3)"`
		BytesLong  []byte       `want:"string" gorm:"type:character varying(20)"`
		Precise    string       `want:"float" gorm:"type:double precision"`
		Decimal    string       `want:"float" gorm:"type:decimal(10,2)"`
		JSON       string       `want:"json" gorm:"type:jsonb"`
		Bytea      string       `want:"bytes" gorm:"type:bytea"`
		UUID       uuid.UUID    `want:"string"`
		UUIDStated uuid.UUID    `want:"string" gorm:"type:uuid"`
		UUIDBytes  [16]byte     `want:"string" gorm:"type:uuid"`
		Bytes      []byte       `want:"bytes"`
		Blob       []byte       `want:"bytes" gorm:"type:blob"`
		BytesText  []byte       `want:"string" gorm:"type:text"`
	}
	s, err := schema.Parse(&Model{}, &sync.Map{}, schema.NamingStrategy{})
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range s.Fields {
		if got, want := string(kindOf(field)), field.Tag.Get("want"); got != want {
			t.Errorf("%s, a %s: got %s, want %s", field.Name, describe(field), got, want)
		}
	}
}
