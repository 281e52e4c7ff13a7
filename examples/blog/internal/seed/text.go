package seed

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// text returns the title and the text of a post. Every twentieth is in another script.
func (s *seeding) text() (title, body string) {
	if s.rand.IntN(20) == 0 {
		foreign := pick(s, foreignPosts)
		return foreign.title, foreign.body
	}
	title, s.sentences = s.fill(pick(s, titles)), nil
	var parts []string
	for n := range s.rand.IntN(4) + 1 {
		if n > 0 && s.rand.IntN(3) == 0 {
			parts = append(parts, "## "+upper(s.fill(pick(s, headings))))
		}
		parts = append(parts, s.paragraph())
		if s.rand.IntN(4) == 0 {
			parts = append(parts, s.figure())
		}
	}
	return upper(title), strings.Join(parts, "\n\n")
}

// paragraph returns some sentences.
func (s *seeding) paragraph() string {
	sentences := make([]string, s.rand.IntN(4)+2)
	for i := range sentences {
		sentences[i] = s.sentence()
	}
	return strings.Join(sentences, " ")
}

// sentence returns a sentence like none of the last ones.
func (s *seeding) sentence() string {
	if len(s.sentences) == 0 {
		s.sentences = slices.Clone(sentencesOf)
		s.rand.Shuffle(len(s.sentences), func(i, j int) { s.sentences[i], s.sentences[j] = s.sentences[j], s.sentences[i] })
	}
	pattern := s.sentences[0]
	s.sentences = s.sentences[1:]
	return upper(s.fill(pattern))
}

// figure returns something that is no paragraph.
func (s *seeding) figure() string {
	switch s.rand.IntN(4) {
	case 0:
		return fmt.Sprintf("- %s\n- %s\n- %s", s.fill("the {thing}"), s.fill("a {quality} {tool}"), s.fill("{time} of patience"))
	case 1:
		return "> " + s.sentence()
	case 2:
		return "| what | how many |\n|---|--:|\n| " + s.fill("{thing}") + fmt.Sprintf(" | %d |\n| ", s.rand.IntN(40)+1) + s.fill("{tool}") + fmt.Sprintf(" | %d |", s.rand.IntN(9)+1)
	default:
		return "```\n" + s.fill("make {thing}") + "\n```"
	}
}

func (s *seeding) remark() string { return upper(s.fill(pick(s, remarks))) }

func (s *seeding) about() string { return upper(s.fill(pick(s, abouts))) }

// fill puts words in the place of their kinds.
func (s *seeding) fill(pattern string) string {
	filled := kind.ReplaceAllStringFunc(pattern, func(named string) string { return pick(s, kinds[named]) })
	return article.ReplaceAllString(filled, "${1}n $2")
}

var (
	kind    = regexp.MustCompile(`{\w+}`)
	article = regexp.MustCompile(`\b([Aa]) ([aeio])`) // before a vowel it is an
)

func pick[T any](s *seeding, from []T) T { return from[s.rand.IntN(len(from))] }

// upper returns a text with a capital at the beginning.
func upper(text string) string {
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
