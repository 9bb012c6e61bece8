package main

import (
	"fmt"
	"slices"
	"time"
	"unicode/utf8"
)

// liveLines is how many running steps are shown at a time, on a screen that is high enough.
const liveLines = 10

// waitLines is how many waiting steps are shown with what they wait for.
const waitLines = 3

// pictureLine is a line of the picture: a mark, a text that is cut where there is no room, and what is never cut.
type pictureLine struct {
	mark, text, rest string
	colors           [3]string // of the three; "" for none
}

func (l pictureLine) columns() int {
	return 2 + utf8.RuneCountInString(l.mark) + utf8.RuneCountInString(l.text) + utf8.RuneCountInString(l.rest)
}

func (l pictureLine) dyed(c *cli) string {
	text := "  "
	for i, part := range []string{l.mark, l.text, l.rest} {
		if part != "" && l.colors[i] != "" {
			part = c.dye(l.colors[i], part)
		}
		text += part
	}
	return text
}

// fit cuts the text, so that the line has fewer columns than the terminal.
func (l pictureLine) fit(width int) pictureLine {
	l.text = clip(l.text, utf8.RuneCountInString(l.text)-max(0, l.columns()-(width-1)))
	return l
}

// picture is what runs, what waits, and how far the run is. It has fewer lines than the screen: what is above that cannot
// be drawn over, and some terminals keep what is erased from the first row on.
func (v *liveView) picture(width, height int) []pictureLine {
	room := max(height-3, 0) // besides the summary, the cursor below it, and the first row
	var lines []pictureLine
	shown := shownOf(len(v.running), room)
	for _, s := range v.running[:shown] {
		lines = append(lines, v.step(s))
	}
	if more := len(v.running) - shown; more > 0 && room > 0 {
		lines = append(lines, pictureLine{text: fmt.Sprintf("… %d more", more)})
	}
	for _, line := range v.waits.lines(min(waitLines, max(0, room-len(lines)))) {
		lines = append(lines, pictureLine{mark: "· ", text: line, colors: [3]string{"2", "2"}})
	}
	lines = append(lines, v.summary())
	for i := range lines {
		lines[i] = lines[i].fit(width)
	}
	return lines
}

// shownOf is how many of n running steps are shown in that many lines, one of which tells of the others.
func shownOf(n, room int) int {
	if n <= min(liveLines, room) {
		return n
	}
	return min(liveLines, max(room-1, 0))
}

// step is the line of a running step. How far it is, is what one looks for, so that is never cut.
func (v *liveView) step(s liveStep) pictureLine {
	spinner := []rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")
	turn := string(spinner[max(0, int(time.Since(v.start)/frame))%len(spinner)])
	text := s.addr
	if s.undo {
		text += " is taken back"
	}
	if s.last.Text != "" {
		text += ": " + plainText(s.last.Text)
	}
	far := amount(s.last.Done, s.last.Total) + " " + time.Since(s.began).Round(100*time.Millisecond).String()
	return pictureLine{mark: turn + " ", text: text, rest: far, colors: [3]string{"36", "", "2"}}
}

func (v *liveView) summary() pictureLine {
	text := fmt.Sprintf("%d of %d done, %d running", v.done, v.total, len(v.running))
	switch waiting := v.total - v.done - len(v.running); {
	case v.undone > 0 || slices.ContainsFunc(v.running, func(s liveStep) bool { return s.undo }):
		text = fmt.Sprintf("a step failed, so all is taken back: %d done, %d running", v.undone, len(v.running))
	case waiting > 0:
		text += fmt.Sprintf(", %d waiting for them", waiting)
	}
	return pictureLine{text: text + ", " + time.Since(v.start).Round(time.Second).String(), colors: [3]string{"", "2", ""}}
}

// clip cuts s to that many characters, the last of which tells that it was.
func clip(s string, width int) string {
	runes := []rune(s)
	switch {
	case len(runes) <= width:
		return s
	case width < 1:
		return ""
	}
	return string(runes[:width-1]) + "…"
}
