package main

// names are those of the senders.
func names() []string {
	return []string{
		"Aisha Karim", "Bruno Keller", "Chiara Bianchi", "Daniel Osei", "Elena Popova",
		"Frederik Lund", "Gita Sharma", "Henri Dubois", "Ines Carvalho", "Jonas Müller",
		"Karin Åberg", "Luis Ortega", "Mina Park", "Niels Visser", "Olga Ivanova",
		"Pavel Dvorak", "Rania Haddad", "Samuel Cohen", "Tuuli Niemi", "Victor Moreau",
	}
}

// words are what subjects and texts are made of, the most frequent ones first.
func words() []string {
	return []string{
		"the", "of", "and", "to", "in", "we", "for", "is", "that", "it", "with", "as", "on", "you",
		"are", "this", "have", "from", "at", "will", "new", "be", "our", "all", "which", "can", "not",
		"please", "week", "meeting", "there", "time", "report", "would", "more", "if", "about", "team",
		"project", "your", "or", "by", "an", "they", "was", "contract", "office", "question", "before",
		"order", "house", "travel", "letter", "number", "north", "release", "server", "garden", "price",
		"summer", "winter", "account", "paper", "delivery", "train", "bridge", "water", "music", "budget",
		"answer", "draft", "review", "lunch", "harbour", "window", "ticket", "school", "engine", "forest",
		"invoice", "payment", "version", "library", "address", "station", "morning", "evening", "journey",
	}
}

// syllables make the rarer words.
func syllables() []string {
	return []string{"ka", "lor", "min", "te", "sun", "ver", "do", "pal"}
}
