package markdown

import "github.com/yuin/goldmark/ast"

// maxReferred is how many bytes the destinations of a text's links by reference may have
// together: each is written once and may be used often. A text of 48 KB made a page of 40 MB.
const maxReferred = 16 << 10

// shapeLinks turns images into links, and leaves nothing but the text of links within links,
// and of links by reference beyond maxReferred. Outer links come before those within them.
func shapeLinks(links []ast.Node, source []byte) {
	referred := 0
	for _, n := range links {
		if auto, ok := n.(*ast.AutoLink); ok {
			shapeAuto(auto, source)
			continue
		}
		link := linkOf(n)
		if link.Reference != nil {
			referred += len(link.Destination)
		}
		if inLink(n) || link.Reference != nil && referred > maxReferred {
			unwrap(n)
			continue
		}
		for child := n.FirstChild(); child != nil; child = n.FirstChild() {
			link.AppendChild(link, child)
		}
		n.Parent().ReplaceChild(n.Parent(), n, link)
	}
}

// shapeAuto leaves nothing but the text of a link by itself that is within another.
func shapeAuto(n *ast.AutoLink, source []byte) {
	if inLink(n) {
		text := ast.NewString(n.Label(source))
		text.SetRaw(true)
		n.Parent().ReplaceChild(n.Parent(), n, text)
	}
}

// linkOf returns a link to where a link or an image leads, without a title, which would not
// be shown. What is to be shown are the children of n.
func linkOf(n ast.Node) *ast.Link {
	link := ast.NewLink()
	switch n := n.(type) {
	case *ast.Link:
		link.Destination, link.Reference = n.Destination, n.Reference
	case *ast.Image:
		link.Destination, link.Reference = n.Destination, n.Reference
		if !n.HasChildren() {
			n.AppendChild(n, ast.NewString(n.Destination))
		}
	}
	return link
}

// unwrap puts the children of a node in its place.
func unwrap(n ast.Node) {
	parent := n.Parent()
	for child := n.FirstChild(); child != nil; child = n.FirstChild() {
		parent.InsertBefore(parent, n, child)
	}
	parent.RemoveChild(parent, n)
}

func inLink(n ast.Node) bool {
	for n = n.Parent(); n != nil; n = n.Parent() {
		if n.Kind() == ast.KindLink {
			return true
		}
	}
	return false
}
