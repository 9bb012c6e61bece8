package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// measureJSON checks JSON text against the limits, and that it is JSON at all: the recovery of HCL's JSON parser
// from mistakes takes time that grows with their square.
func measureJSON(src []byte) *limitError {
	if err := measureJSONTokens(src); err != nil {
		return err
	}
	var syntax *json.SyntaxError
	if err := json.Unmarshal(src, new(json.RawMessage)); errors.As(err, &syntax) {
		return &limitError{max(int(syntax.Offset)-1, 0), "Invalid JSON", "This is not valid JSON: " + syntax.Error() + "."}
	}
	return nil
}

func measureJSONTokens(src []byte) *limitError {
	depth := 0
	for i := 0; i < len(src); i++ {
		switch c := src[i]; {
		case c == '{' || c == '[':
			if depth++; depth > maxNesting {
				return &limitError{i, "Nested too deeply", fmt.Sprintf("More than %d brackets and braces are open here.", maxNesting)}
			}
		case c == '}' || c == ']':
			depth--
		case c == '"':
			end := jsonString(src, i)
			if err := jsonTemplate(src[i:end], i); err != nil {
				return err
			}
			i = end - 1
		case isDigit(c):
			end := i + 1
			for end < len(src) && (isDigit(src[end]) || bytes.IndexByte([]byte(".eE+-"), src[end]) >= 0) {
				end++
			}
			if err := number(src[i:end], i); err != nil {
				return err
			}
			i = end - 1
		}
	}
	return nil
}

// jsonString returns the end of the string that starts at i.
func jsonString(src []byte, i int) int {
	for j := i + 1; j < len(src); j++ {
		switch src[j] {
		case '\\':
			j++
		case '"':
			return j + 1
		}
	}
	return len(src)
}

// jsonTemplate checks a string that may hold interpolations.
func jsonTemplate(quoted []byte, offset int) *limitError {
	if bytes.IndexByte(quoted, '{') < 0 && bytes.IndexByte(quoted, '\\') < 0 {
		return nil
	}
	var text string
	if json.Unmarshal(quoted, &text) != nil {
		return nil // measureJSON reports it
	}
	err := measureTemplate([]byte(text))
	if err != nil {
		err.offset = offset
	}
	return err
}
