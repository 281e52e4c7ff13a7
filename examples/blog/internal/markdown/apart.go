package markdown

import "strings"

// apart collects a text whose parts are set apart by dots.
type apart struct {
	parts  []string
	last   strings.Builder
	inItem bool // an item of a list has begun
}

// parted reports whether a part ends where an element begins or ends. A list within an item
// is set apart from the item's text.
func (a *apart) parted(element string, begins bool) bool {
	list, inItem := element == "ul" || element == "ol", a.inItem
	a.inItem = begins && element == "li" || inItem && !list
	if begins {
		return list && inItem
	}
	return endsPart[element]
}

// endsPart are the elements that are set apart from what follows.
var endsPart = map[string]bool{
	"h2": true, "h3": true, "h4": true, "h5": true, "h6": true, "li": true, "ul": true, "ol": true, "th": true, "td": true,
}

// part ends a part, unless it is empty.
func (a *apart) part() {
	if one := strings.Join(strings.Fields(a.last.String()), " "); one != "" {
		a.parts = append(a.parts, one)
	}
	a.last.Reset()
}

// text returns all of it in one line.
func (a *apart) text() string {
	a.part()
	return strings.Join(a.parts, " · ")
}
