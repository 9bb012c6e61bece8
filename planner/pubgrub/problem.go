package pubgrub

// Package numbers a package from 0.
type Package = int32

// Term says that what a package is lies in a set, which has Absent if the package may be not there.
type Term struct {
	Package Package
	Set     Set
}

// Rule is a few terms, each of another package, that must not all be true. It is never changed. One term at most may be
// true of an absent package: a rule demands one package, and a choice between several has to be made a package of its own,
// of which each version demands one. A term that is true of everything has to be left out; a rule without terms cannot be
// kept.
type Rule struct {
	ID    int // numbers the rules of a problem from 0; -1 for one that is of a single query
	Terms []Term
}

// Problem is what there is to choose from. It must give the same answers until a Solver that uses it is dropped.
type Problem interface {
	// Versions tells how many versions p has.
	Versions(p Package) int
	// Rules lists the rules that version v of p brings: those with a term of p that contains v and not Absent.
	Rules(p Package, v Version) []*Rule
	// Rank, from 0 to 100, orders decisions: packages of a lower rank are decided first, those in many conflicts excepted.
	Rank(p Package) int
	// Choose picks one of the allowed versions of p, which are one or more; known tells what is known of other packages.
	Choose(p Package, allowed Set, known func(Package) Set) Version
}

// Choice is a package that is there, in a version.
type Choice struct {
	Package Package
	Version Version
}

// Result is the end of a search.
type Result struct {
	Solvable  bool
	Chosen    []Choice // in the order of the decisions
	Core      []*Rule  // rules that cannot all be kept, in the order of the search; nil when there is a solution
	Decisions int      // how many were made, those that were taken back included
	Conflicts int
}
