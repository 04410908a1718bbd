"""The sample city and the sample cameras of the demo."""
