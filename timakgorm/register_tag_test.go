package timakgorm_test

import (
	"testing"
	"time"

	"github.com/timak-go/timak/timakgorm"
)

// Base is what the models below have in common.
type Base struct {
	ID        uint
	AuthorID  uint
	Title     string
	CreatedAt time.Time
}

// Models whose tags are wrong.
type (
	UnknownOption struct {
		Base

		_ timakgorm.Timeline `timak:"key=x; colour=red"`
	}
	NoValue struct {
		Base

		_ timakgorm.Timeline `timak:"key=x; when="`
	}
	NoName struct {
		Base

		_ timakgorm.Timeline `timak:"key=x; Published"`
	}
	Twice struct {
		Base

		_ timakgorm.Timeline `timak:"key=x; max=5; max=6"`
	}
	MaxZero struct {
		Base

		_ timakgorm.Timeline `timak:"key=x; max=0"`
	}
	MaxNegative struct {
		Base

		_ timakgorm.Timeline `timak:"key=x; max=-1"`
	}
	MaxText struct {
		Base

		_ timakgorm.Timeline `timak:"key=x; max=many"`
	}
	NoData struct {
		Base

		_ timakgorm.Timeline `timak:"key=x; data=,"`
	}
	EmptyTag struct {
		Base

		_ timakgorm.Timeline `timak:""`
	}
	EmptyRule struct {
		Base

		_ timakgorm.Timeline `timak:" ; "`
	}
	NoTag struct {
		Base

		_ timakgorm.Timeline
	}
	OtherTag struct {
		Base

		_ timakgorm.Timeline `timeline:"key=x"`
	}
	StrayTag struct {
		Base

		Body string             `timak:"key=x"`
		_    timakgorm.Timeline `timak:"key=y"`
	}
	Exported struct {
		Base

		Line timakgorm.Timeline `timak:"key=x"`
	}
	SecondRule struct {
		Base

		_ timakgorm.Timeline `timak:"key=x"`
		_ timakgorm.Timeline `timak:"key=y; data=Body"`
	}
	Comma struct {
		Base

		_ timakgorm.Timeline `timak:"key=author:{AuthorID}:posts, date=CreatedAt"`
	}
	CommaInData struct {
		Base

		_ timakgorm.Timeline `timak:"key=x; data=Title, max=5"`
	}
	CommaInMax struct {
		Base

		_ timakgorm.Timeline `timak:"key=x; max=5,when=Published"`
	}
	CommaUnknown struct {
		Base

		_ timakgorm.Timeline `timak:"key=x, colour=red"`
	}
	NoSemicolon struct {
		Base

		_ timakgorm.Timeline `timak:"key=x max=5"`
	}
	KeyTwice struct {
		Base

		_ timakgorm.Timeline `timak:"key=key=x"`
	}
	CommaInAudience struct {
		Base

		_ timakgorm.Timeline `timak:"audience=fans, source=author:{AuthorID}"`
	}
	NoBraces struct {
		Base

		_ timakgorm.Timeline `timak:"key=author:AuthorID:posts"`
	}
	InEmbedded struct {
		Base
		Traits
	}
	Traits struct {
		_ timakgorm.Timeline `timak:"key=x:{Nobody}"`
	}
	NoRules struct{ Base }
)

func TestRegister_brokenTags(t *testing.T) {
	t.Parallel()
	const example = "`timak:\"key=author:{AuthorID}:posts\"`"
	const options = "expected key, id, date, when, data, source, max, copy or audience"
	for _, b := range []broken{
		{&UnknownOption{}, `UnknownOption: rule "key=x; colour=red": unknown option "colour": ` + options},
		{&NoValue{}, `NoValue: rule "key=x; when=": option "when" has no value`},
		{&NoName{}, `NoName: rule "key=x; Published": expected name=value, got "Published"`},
		{&Twice{}, `Twice: rule "key=x; max=5; max=6": option "max" is given twice`},
		{&MaxZero{}, `MaxZero: rule "key=x; max=0": max=0: expected a number of items, at least 1`},
		{&MaxNegative{}, `MaxNegative: rule "key=x; max=-1": max=-1: expected a number of items, at least 1`},
		{&MaxText{}, `MaxText: rule "key=x; max=many": max=many: expected a number of items, at least 1`},
		{&NoData{}, `NoData: rule "key=x; data=,": data=,: expected the names of fields, separated by commas`},
		{&EmptyTag{}, `EmptyTag: rule "": the rule is empty: it needs at least key=…`},
		{&EmptyRule{}, `EmptyRule: rule " ; ": the rule is empty: it needs at least key=…`},
		{&NoTag{}, "NoTag: field _ has no tag timak: expected one like " + example},
		{&OtherTag{}, "OtherTag: field _ has no tag timak in `timeline:\"key=x\"`: expected one like " + example},
		{&StrayTag{}, "StrayTag: field Body has a tag timak, but is a string: expected a field _ of type timakgorm.Timeline"},
		{&Exported{}, "Exported: field Line is a timakgorm.Timeline: expected it to be named _, for GORM to pass it over"},
		{&SecondRule{}, `SecondRule: rule "key=y; data=Body": data: no field "Body" with a column: expected one of ID, AuthorID, Title, CreatedAt`},
		{&Comma{}, `Comma: rule "key=author:{AuthorID}:posts, date=CreatedAt": key=author:{AuthorID}:posts, date=CreatedAt has an option in its value: expected a semicolon before it, as in key=author:{AuthorID}:posts; date=CreatedAt`},
		{&CommaInData{}, `CommaInData: rule "key=x; data=Title, max=5": data=Title, max=5 has an option in its value: expected a semicolon before it, as in data=Title; max=5`},
		{&CommaInMax{}, `CommaInMax: rule "key=x; max=5,when=Published": max=5,when=Published has an option in its value: expected a semicolon before it, as in max=5; when=Published`},
		{&CommaUnknown{}, `CommaUnknown: rule "key=x, colour=red": key=x, colour=red has an option in its value: expected a semicolon before it, as in key=x; colour=red`},
		{&NoSemicolon{}, `NoSemicolon: rule "key=x max=5": key=x max=5 has an option in its value: expected a semicolon before it, as in key=x; max=5`},
		{&KeyTwice{}, `KeyTwice: rule "key=key=x": option "key" has another one as its value, key=x: expected one of them`},
		{&CommaInAudience{}, `CommaInAudience: rule "audience=fans, source=author:{AuthorID}": audience=fans, source=author:{AuthorID} has an option in its value: expected a semicolon before it, as in audience=fans; source=author:{AuthorID}`},
		{&NoBraces{}, `NoBraces: rule "key=author:AuthorID:posts": key: "author:AuthorID:posts" has AuthorID without braces, which is the same for every row: expected {AuthorID}`},
		{&InEmbedded{}, `InEmbedded: rule "key=x:{Nobody}": key: no field "Nobody" with a column: expected one of ID, AuthorID, Title, CreatedAt`},
		{&NoRules{}, "NoRules: no rules: expected a field like\n\t_ timakgorm.Timeline " + example},
	} {
		b.want = "timakgorm: " + b.want
		b.check(t)
	}
}

// Models whose primary key has no one way to be written as text, or none at
// all, and those that are soft-deleted in a way we do not know.
type (
	NoKey struct {
		Title     string
		CreatedAt time.Time
	}
	TimeKey struct {
		At        time.Time `gorm:"primaryKey"`
		CreatedAt time.Time
	}
	StatedTimeKey struct {
		At        string `gorm:"primaryKey;type:timestamptz"`
		CreatedAt time.Time
	}
	BytesKey struct {
		ID        []byte
		CreatedAt time.Time
	}
	ArrayKey struct {
		ID        [16]byte
		CreatedAt time.Time
	}
	FloatKey struct {
		ID        float64
		CreatedAt time.Time
	}
	BoolKey struct {
		ID        uint `gorm:"primaryKey"`
		Main      bool `gorm:"primaryKey"`
		CreatedAt time.Time
	}
	SerializedKey struct {
		ID        []string `gorm:"serializer:json"`
		CreatedAt time.Time
	}
)

// tracked returns the model T with a rule that is right.
func tracked[T any]() any { return timakgorm.Track[T](timakgorm.Rule{Key: "x"}) }

func TestRegister_brokenModels(t *testing.T) {
	t.Parallel()
	const keys = ": expected an integer, a text or a UUID"
	for _, b := range []broken{
		{tracked[NoKey](), "NoKey: no primary key: expected a field ID, or one tagged gorm:\"primaryKey\""},
		{tracked[TimeKey](), "TimeKey: primary key: field At is a time.Time" + keys},
		{tracked[StatedTimeKey](), "StatedTimeKey: primary key: field At is a string of type timestamptz" + keys},
		{tracked[BytesKey](), "BytesKey: primary key: field ID is a []uint8" + keys},
		{tracked[ArrayKey](), "ArrayKey: primary key: field ID is a [16]uint8" + keys},
		{tracked[FloatKey](), "FloatKey: primary key: field ID is a float64" + keys},
		{tracked[BoolKey](), "BoolKey: primary key: field Main is a bool" + keys},
		{tracked[SerializedKey](), "SerializedKey: primary key: field ID is a []string with a serializer" + keys},
	} {
		b.want = "timakgorm: " + b.want
		b.check(t)
	}
}
