package model

import (
	"reflect"
	"testing"
)

// TestTag_wholly: of a tag that is not name:"value" throughout, reflect reads a part and
// passes over the rest: that is refused. go vet finds such tags too, so none is in a model
// of the tests.
func TestTag_wholly(t *testing.T) {
	t.Parallel()
	const want = "field _ has a tag of which Go reads only a part, `"
	for tag, refused := range map[reflect.StructTag]bool{
		`timak:"key=x"; max=5`:           true,
		`timak:"key=x", json:"-"`:        true,
		`timak:"key=x" max=5`:            true,
		`timak:"key=x"max=5`:             true,
		`timak:"key=x"`:                  false,
		`timak:"key=x" json:"-"`:         false,
		` json:"-"  timak:"key=\"x\"" `:  false,
		"timak:\"key=x\" gorm:\"-:all\"": false,
	} {
		field := reflect.StructField{Name: "_", PkgPath: "x", Type: timelineType, Tag: tag}
		err := checkTimeline(field, true)
		if full := want + string(tag) + "`: " + expectedTag; refused && (err == nil || err.Error() != full) || !refused && err != nil {
			t.Errorf("%s: got %v, refused is %t", tag, err, refused)
		}
	}
}
