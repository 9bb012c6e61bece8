package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/nsynapse/recipe/planner/plan"
)

// ask asks whether to go on.
func (c *cli) ask(ctx context.Context, p *plan.Plan, input bool) error {
	what := "Do you want to carry out this plan?"
	if p.Destroy {
		what = "Do you really want to take all of this down? There is no way back."
	}
	return c.confirm(ctx, what, input, "Add -auto-approve, or save the plan with recipe plan -out=FILE and apply that.")
}

// confirm asks a question, and is an error unless the answer is yes; way is what to do when nobody can be asked. An interruption
// is an answer too.
func (c *cli) confirm(ctx context.Context, what string, input bool, way string) error {
	f, isFile := c.stdin.(*os.File)
	if !input || isFile && !term.IsTerminal(int(f.Fd())) && c.getenv("RECIPE_INPUT") == "" {
		return hinted{errors.New("nobody is there to approve it"), way}
	}
	fmt.Fprintf(c.stdout, "\n%s Only \"yes\" is a yes: ", what)
	answer, err := c.answered(ctx)
	if err != nil {
		fmt.Fprintln(c.stdout)
		return hinted{err, "Nothing was changed."}
	}
	if strings.TrimSpace(answer) != "yes" {
		fmt.Fprintln(c.stdout, "\nNothing was changed.")
		return exitCode(exitError)
	}
	fmt.Fprintln(c.stdout)
	return nil
}

// answered reads a line; the error is that of ctx, when that ends before there is one. Nobody reads standard input afterwards.
func (c *cli) answered(ctx context.Context) (string, error) {
	lines := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(c.stdin).ReadString('\n')
		lines <- line
	}()
	select {
	case line := <-lines:
		return line, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
