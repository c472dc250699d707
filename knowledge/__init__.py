"""What the business's documents say: reading, splitting, embedding, looking up, and how sure to be. LlamaIndex and pypdf live only here."""
