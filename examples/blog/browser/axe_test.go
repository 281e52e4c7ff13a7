package browser_test

import (
	_ "embed"
	"fmt"
	"strings"
)

// axe finds what keeps people from using a page.
//
//go:embed testdata/axe/axe.min.js
var axe string

// finding is a rule that a page breaks.
type finding struct {
	ID, Impact, Help string
	Nodes            []struct {
		Target         []string
		FailureSummary string
	}
}

func (f finding) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s (%s): %s", f.ID, f.Impact, f.Help)
	for _, node := range f.Nodes {
		fmt.Fprintf(&text, "\n\t%s: %s", strings.Join(node.Target, " "), strings.ReplaceAll(node.FailureSummary, "\n", " "))
	}
	return text.String()
}

// authors choose the levels of the headings in their texts.
const authors = "heading-order"

// findings returns the rules that the page breaks as it is shown.
func (b *tab) findings() []finding {
	b.t.Helper()
	return ask[[]finding](b, `axe.run(document, {resultTypes: ["violations"], rules: {"`+authors+`": {enabled: false}}}).then(result => result.violations.map(v => ({
		id: v.id, impact: v.impact, help: v.help, nodes: v.nodes.map(n => ({target: n.target.flat(), failureSummary: n.failureSummary})),
	})))`)
}

// bringAxe loads axe into the page.
func (b *tab) bringAxe() {
	b.t.Helper()
	ask[string](b, axe+"; axe.version")
}
