package pages_test

import (
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Texts can be read on what they stand on, in both schemes, as WCAG 2 has it for AA: 4.5 to 1
// for texts, 3 to 1 for the borders of fields.
func TestContrast(t *testing.T) {
	t.Parallel()
	style, err := os.ReadFile("static/style.css")
	if err != nil {
		t.Fatal(err)
	}
	schemes := regexp.MustCompile(`(?s):root \{.*?\n *\}`).FindAllString(string(style), -1)
	if len(schemes) != 2 {
		t.Fatalf("got %d schemes, want a light and a dark one", len(schemes))
	}
	for _, scheme := range schemes {
		colours := map[string]float64{}
		for _, found := range regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{3,6})`).FindAllStringSubmatch(scheme, -1) {
			colours[found[1]] = luminance(t, found[2])
		}
		for pair, least := range map[string]float64{
			"ink paper": 4.5, "soft paper": 4.5, "accent paper": 4.5, "danger paper": 4.5, "on-accent accent": 4.5, "paper danger": 4.5,
			"ink field": 4.5, "ink shade": 4.5, "soft shade": 4.5, "ink alarm": 4.5, "ink good": 4.5, "border paper": 3, "border field": 3,
		} {
			text, ground, _ := strings.Cut(pair, " ")
			if got := contrast(colours[text], colours[ground]); got < least || colours[text] == colours[ground] {
				t.Errorf("%s: got %.2f, want %.1f or more", pair, got, least)
			}
		}
	}
}

func contrast(a, b float64) float64 { return (max(a, b) + 0.05) / (min(a, b) + 0.05) }

// luminance returns the relative luminance of a colour.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	if len(hex) == 3 {
		hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
	}
	var sum float64
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		part := float64(n) / 255
		if part <= 0.04045 {
			sum += weight * part / 12.92
		} else {
			sum += weight * math.Pow((part+0.055)/1.055, 2.4)
		}
	}
	return sum
}
