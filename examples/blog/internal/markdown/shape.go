package markdown

import (
	"regexp"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

var onlyAuto = regexp.MustCompile(`^auto$`)

// shape fits a text into a page.
type shape struct{}

// Transform gives each block the direction of its own writing, moves headings below the
// page's, and turns images into links.
func (shape) Transform(doc *ast.Document, reader text.Reader, _ parser.Context) {
	for block := doc.FirstChild(); block != nil; block = block.NextSibling() {
		block.SetAttributeString("dir", []byte("auto"))
	}
	var links []ast.Node // the outer ones first
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Heading:
			n.Level = min(n.Level+1, 6)
		case *ast.Image, *ast.Link, *ast.AutoLink:
			links = append(links, n)
		}
		return ast.WalkContinue, nil
	})
	shapeLinks(links, reader.Source())
}
