package apply

// FoldAt makes the log of b be folded into a snapshot from another size on, so that a test needs not so large a one.
func (b *Book) FoldAt(size int64) { b.foldAt = size }
