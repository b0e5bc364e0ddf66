"""Forms for the ОМСУ (формы): made, sent back, checked."""
