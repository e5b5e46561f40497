"""How a photo is edited: the frame that changes are fitted on, and the job that fits and composes them."""
