"""Search over the catalogue: by words, code, pinyin, and in spite of typing errors."""
