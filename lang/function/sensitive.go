package function

// mark is the type of the marks that values carry through expressions.
type mark string

// Sensitive marks a value that is kept in the vault and never shown.
const Sensitive = mark("sensitive")
