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
func (shape) Transform(doc *ast.Document, _ text.Reader, _ parser.Context) {
	for block := doc.FirstChild(); block != nil; block = block.NextSibling() {
		block.SetAttributeString("dir", []byte("auto"))
	}
	var images []*ast.Image
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch n := n.(type) {
		case *ast.Heading:
			if entering {
				n.Level = min(n.Level+1, 6)
			}
		case *ast.Image:
			if entering {
				images = append(images, n)
			}
		}
		return ast.WalkContinue, nil
	})
	for _, image := range images {
		link(image)
	}
}

// link puts a link in the place of an image, or only its text if it is in a link already.
func link(image *ast.Image) {
	parent := image.Parent()
	if !image.HasChildren() {
		image.AppendChild(image, ast.NewString(image.Destination))
	}
	var place ast.Node = ast.NewLink()
	if inLink(image) {
		place = ast.NewTextBlock()
	} else {
		place.(*ast.Link).Destination = image.Destination
	}
	for child := image.FirstChild(); child != nil; child = image.FirstChild() {
		place.AppendChild(place, child)
	}
	parent.ReplaceChild(parent, image, place)
}

func inLink(n ast.Node) bool {
	for n = n.Parent(); n != nil; n = n.Parent() {
		if n.Kind() == ast.KindLink {
			return true
		}
	}
	return false
}
